//! The client and its operations.

mod backend;
pub(crate) mod builder;
mod env;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use openrouter_oauth_models::{
    AccessToken, ApiKey, CallbackUrl, CreateAuthCode, CurrentKey, Endpoint, ExchangeAuthCode, ExchangeToken,
    InvalidValue, Origin, SigningKeys,
};
use openrouter_oauth_transport::Timer;
#[cfg(feature = "blocking")]
use openrouter_oauth_transport::Transport;

#[cfg(any(feature = "blocking", feature = "hyper"))]
use self::backend::Backend;
use self::builder::ClientBuilder;
use crate::{
    call::Call,
    config::Config,
    credential::Credential,
    entropy::Entropy,
    error::Error,
    sign_in::authorize::{Authorize, NoCallback},
};

/// A client for OpenRouter's OAuth endpoints.
///
/// Cloning is cheap, and clones share connections. The [crate documentation](crate) shows a whole sign-in.
#[derive(Clone)]
pub struct Client {
    config: Arc<Config>,
}

impl Client {
    /// Creates a client for `https://openrouter.ai/api/v1` without a key. A sign-in does not need one.
    #[cfg(feature = "hyper")]
    pub fn new() -> Self {
        Self::from_config(builder::default_config(Backend::hyper()))
    }

    /// Like [`new`](Self::new), with the backend that blocks.
    #[cfg(feature = "blocking")]
    pub(crate) fn new_ureq() -> Self {
        Self::from_config(builder::default_config(Backend::ureq()))
    }

    /// Creates a client from environment variables: see [`ClientBuilder::env`].
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if a variable is invalid, for example if the key is in quotes. The error names the variable.
    #[cfg(feature = "hyper")]
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().env().build()
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn from_config(config: Config) -> Self {
        Self { config: Arc::new(config) }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the timer that enforces this client's deadlines, if it has one.
    ///
    /// Use it to enforce one deadline over several calls.
    pub fn timer(&self) -> Option<&Arc<dyn Timer>> {
        self.config.timer.as_ref()
    }

    /// Returns the wall-clock time: that of the [timer](Self::timer), or else the system's. Pass it to
    /// [`PendingSignIn::age`](crate::PendingSignIn::age).
    pub fn system_time(&self) -> SystemTime {
        self.config.system_time()
    }

    /// Returns the source of this client's random bytes.
    pub fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.config.entropy
    }

    /// Returns how long a call may take, including its retries. `None` if it has no
    /// [deadline](ClientBuilder::without_deadline).
    pub fn timeout(&self) -> Option<Duration> {
        self.config.timeout
    }

    /// Returns the origin of the service that this client calls, such as `https://openrouter.ai`.
    ///
    /// Store a key together with its origin: the key is valid only there, and must not be sent anywhere else.
    pub fn origin(&self) -> &Origin {
        self.config.base_url.origin()
    }

    /// Returns a copy of this client with another key.
    #[must_use]
    pub fn with_key(&self, key: ApiKey) -> Self {
        Self::from_config(Config { credential: Credential::Value(key), ..(*self.config).clone() })
    }

    /// Returns a copy of this client with an access token instead of a key.
    #[must_use]
    pub fn with_access_token(&self, token: AccessToken) -> Self {
        Self::from_config(Config { credential: Credential::Token(token), ..(*self.config).clone() })
    }

    /// Returns a copy of this client that never resends a request that is not idempotent after an unknown outcome, even
    /// if its [`Retry`](crate::Retry::dangerously_resend_unknown) allows that.
    #[must_use]
    pub fn without_resending_unknown(&self) -> Self {
        let retry = self.config.retry.clone().without_resending_unknown();
        Self::from_config(Config { retry, ..(*self.config).clone() })
    }

    /// Returns a copy of this client with another transport, for async calls.
    #[cfg(feature = "blocking")]
    pub(crate) fn with_transport(&self, transport: Arc<dyn Transport>) -> Self {
        Self::from_config(Config { transport, is_blocking: false, ..(*self.config).clone() })
    }

    /// Prepares a sign-in that redirects the browser to `callback`. [`begin`](Authorize::begin) reports an invalid URL.
    pub fn authorize<C>(&self, callback: C) -> Authorize<CallbackUrl>
    where
        C: TryInto<CallbackUrl>,
        C::Error: Into<InvalidValue>,
    {
        Authorize::new(Arc::clone(&self.config), callback.try_into().map_err(Into::into))
    }

    /// Prepares a sign-in without a callback: OpenRouter's page shows a code, which the user copies into your program.
    pub fn authorize_headless(&self) -> Authorize<NoCallback> {
        Authorize::new(Arc::clone(&self.config), Ok(NoCallback))
    }

    /// Exchanges an authorization code for an API key. The request carries no key.
    ///
    /// To finish a sign-in that you began with [`authorize`](Self::authorize), call
    /// [`PendingSignIn::exchange`](crate::PendingSignIn::exchange) instead. It never sends a code that may already have
    /// been used.
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
        Call::new(Arc::clone(&self.config), request)
    }
}

// Not in `builder.rs`, because that file would then import `Client` from this one, which is a cycle.
impl ClientBuilder {
    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if a setting is invalid, or if you set a transport without a [`timer`](Self::timer) or
    /// [`without_deadline`](Self::without_deadline). Without the feature `getrandom`, also if you set no
    /// [`entropy`](Self::entropy).
    pub fn build(self) -> Result<Client, Error> {
        self.into_config(backend::hyper::complete).map(Client::from_config)
    }

    /// Like [`build`](Self::build), with the backend that blocks.
    #[cfg(feature = "blocking")]
    pub(crate) fn build_ureq(self) -> Result<Client, Error> {
        self.into_config(backend::ureq::complete).map(Client::from_config)
    }
}

#[cfg(feature = "hyper")]
impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("origin", self.origin())
            .field("key", &self.config.credential)
            .field("transport", &self.config.transport)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "getrandom"))]
mod tests {
    use std::{
        future::Future as _,
        pin::pin,
        task::{Context, Waker},
    };

    use bytes::Bytes;
    use http::Request;
    use openrouter_oauth_transport::{
        Limits, ResponseFuture, Transport,
        testing::{ManualTimer, Never},
    };

    use super::*;

    /// A transport that says that it enforces the timeout. It never responds.
    #[derive(Debug)]
    struct Enforcing(Never);

    impl Transport for Enforcing {
        fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
            self.0.send(request, limits)
        }

        fn enforces_timeout(&self) -> bool {
            true
        }
    }

    /// Sends a request with this client, and returns the sleeps that it begins on `timer`.
    fn sleeps(client: &Client, timer: &ManualTimer) -> Vec<Duration> {
        let call = pin!(client.signing_keys().send_with_response());
        assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        timer.sleeping()
    }

    #[test]
    fn timer_of_the_caller_ends_requests_of_any_transport() {
        // C-11, C-12
        let timer = ManualTimer::new();
        for builder in
            [Client::builder().transport(Never::new()), Client::builder().transport(Enforcing(Never::new()))]
        {
            let client = builder.timer(timer.clone()).build().unwrap();
            assert_eq!(sleeps(&client, &timer), [Duration::from_secs(30)]);
        }
    }

    #[test]
    fn request_is_not_timed_twice() {
        // C-12
        let timer = ManualTimer::new();
        let client = Client::builder().transport(Enforcing(Never::new())).without_deadline().build().unwrap();
        assert!(client.config.transport_enforces_timeout());
        let config = Config {
            timer: Some(Arc::new(timer.clone())),
            timeout: Some(Duration::from_secs(30)),
            ..client.config().clone()
        };
        assert_eq!(sleeps(&Client::from_config(config), &timer), []);
    }

    #[cfg(feature = "hyper")]
    #[test]
    fn default_transport_enforces_the_timeout() {
        assert!(Client::new().config.transport_enforces_timeout());
        assert!(Client::builder().build().unwrap().config.transport_enforces_timeout());
        let client = Client::builder().timer(ManualTimer::new()).build().unwrap();
        assert!(!client.config.transport_enforces_timeout(), "the clocks differ");
    }
}
