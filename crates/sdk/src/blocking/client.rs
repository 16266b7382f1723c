//! The client and its operations.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use openrouter_oauth_models::{
    AccessToken, ApiKey, CallbackUrl, CreateAuthCode, CurrentKey, Endpoint, ExchangeAuthCode, ExchangeToken,
    InvalidValue, Origin, SigningKeys,
};
use openrouter_oauth_transport::Timer;

use super::{call::Call, offloaded::Offloaded};
use crate::{
    client::{self, builder::ClientBuilder},
    entropy::Entropy,
    error::Error,
    sign_in::authorize::{Authorize, NoCallback},
};

/// A client for OpenRouter's OAuth endpoints whose calls block.
///
/// Cloning is cheap. The [module documentation](super) shows a whole sign-in.
#[derive(Clone, Debug)]
pub struct Client(client::Client);

impl Client {
    /// Creates a client for `https://openrouter.ai/api/v1` without a key. A sign-in does not need one.
    pub fn new() -> Self {
        Self(client::Client::new_ureq())
    }

    /// Creates a client from environment variables: see [`ClientBuilder::env`].
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if a variable is invalid, for example if the key is in quotes. The error names the variable.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().env().build_blocking()
    }

    /// Returns a builder with the default settings. Finish it with [`ClientBuilder::build_blocking`].
    pub fn builder() -> ClientBuilder {
        client::Client::builder()
    }

    /// Returns the async client that makes the calls.
    pub(super) fn inner(&self) -> &client::Client {
        &self.0
    }

    /// Returns an async client with these settings, including the timer. It sends each request through this client's
    /// transport, on a thread of its own, so that no call blocks the thread that awaits it.
    ///
    /// A request that blocks cannot be cancelled: its thread ends when the request does. If the transport claims to
    /// enforce the timeout of an attempt, but does not, the attempt ends two seconds after it, measured by the system's
    /// clock. An async runtime that ends does not wait for that thread.
    #[must_use]
    pub fn to_async(&self) -> client::Client {
        self.0.with_transport(Arc::new(Offloaded(Arc::clone(&self.0.config().transport))))
    }

    /// Returns the timer that enforces this client's deadlines, if it has one.
    pub fn timer(&self) -> Option<&Arc<dyn Timer>> {
        self.0.timer()
    }

    /// Returns the wall-clock time. Pass it to [`PendingSignIn::age`](crate::PendingSignIn::age).
    pub fn system_time(&self) -> SystemTime {
        self.0.system_time()
    }

    /// Returns the source of this client's random bytes.
    pub fn entropy(&self) -> &Arc<dyn Entropy> {
        self.0.entropy()
    }

    /// Returns how long a call may take, including its retries. `None` if it has no
    /// [deadline](ClientBuilder::without_deadline).
    pub fn timeout(&self) -> Option<Duration> {
        self.0.timeout()
    }

    /// Returns the origin of the service that this client calls, such as `https://openrouter.ai`.
    ///
    /// Store a key together with its origin: the key is valid only there, and must not be sent anywhere else.
    pub fn origin(&self) -> &Origin {
        self.0.origin()
    }

    /// Returns a copy of this client with another key.
    #[must_use]
    pub fn with_key(&self, key: ApiKey) -> Self {
        Self(self.0.with_key(key))
    }

    /// Returns a copy of this client with an access token instead of a key.
    #[must_use]
    pub fn with_access_token(&self, token: AccessToken) -> Self {
        Self(self.0.with_access_token(token))
    }

    /// Returns a copy of this client that never resends a request that is not idempotent after an unknown outcome, even
    /// if its [`Retry`](crate::Retry::dangerously_resend_unknown) allows that.
    #[must_use]
    pub fn without_resending_unknown(&self) -> Self {
        Self(self.0.without_resending_unknown())
    }

    /// Prepares a sign-in that redirects the browser to `callback`. [`begin`](Authorize::begin) reports an invalid URL.
    /// Finish the sign-in with [`exchange_blocking`](crate::PendingSignIn::exchange_blocking).
    pub fn authorize<C>(&self, callback: C) -> Authorize<CallbackUrl>
    where
        C: TryInto<CallbackUrl>,
        C::Error: Into<InvalidValue>,
    {
        self.0.authorize(callback)
    }

    /// Prepares a sign-in without a callback: OpenRouter's page shows a code, which the user copies into your program.
    /// Finish the sign-in with [`exchange_blocking`](crate::HeadlessSignIn::exchange_blocking).
    pub fn authorize_headless(&self) -> Authorize<NoCallback> {
        self.0.authorize_headless()
    }

    /// Exchanges an authorization code for an API key. The request carries no key.
    ///
    /// To finish a sign-in that you began with [`authorize`](Self::authorize), call
    /// [`PendingSignIn::exchange_blocking`](crate::PendingSignIn::exchange_blocking) instead. It never sends a code
    /// that may already have been used.
    #[doc(alias = "ExchangeAuthCodeForAPIKey")]
    pub fn exchange_auth_code(&self, request: ExchangeAuthCode) -> Call<ExchangeAuthCode> {
        self.call(request)
    }

    /// Creates an authorization code with the client's key.
    #[doc(alias = "createAuthKeysCode")]
    pub fn create_auth_code(&self, request: CreateAuthCode) -> Call<CreateAuthCode> {
        self.call(request)
    }

    /// Returns the label, limits, and usage of the client's key.
    #[doc(alias = "getCurrentKeyMetadata")]
    pub fn current_key(&self) -> Call<CurrentKey> {
        self.call(CurrentKey::new())
    }

    /// Exchanges an identity provider's JWT for a short-lived access token. The request carries no key.
    #[doc(alias = "createOauthToken")]
    pub fn exchange_token(&self, request: ExchangeToken) -> Call<ExchangeToken> {
        self.call(request)
    }

    /// Returns the public keys that verify access tokens. The request carries no key.
    #[doc(alias = "listOauthJwks")]
    pub fn signing_keys(&self) -> Call<SigningKeys> {
        self.call(SigningKeys::new())
    }

    /// Calls any endpoint, including one that your program defines.
    pub fn call<E: Endpoint>(&self, request: E) -> Call<E> {
        self.0.call(request).into_mode()
    }
}

// Not in the builder's file, because that file would then import `Client` from this one, which is a cycle.
impl ClientBuilder {
    /// Builds a client whose calls block.
    ///
    /// Without a [`transport`](Self::transport), requests go through ureq. Without a [`timer`](Self::timer), the client
    /// uses [`ThreadTimer`](openrouter_oauth_transport::ThreadTimer). The timer ends a request of any transport that
    /// does not block the thread.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if a setting is invalid.
    pub fn build_blocking(self) -> Result<Client, Error> {
        self.build_ureq().map(Client)
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}
