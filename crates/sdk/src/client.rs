//! The client and its operations.

pub(crate) mod builder;

use std::{fmt, sync::Arc, time::Duration};

use http::HeaderMap;
use openrouter_oauth_models::{
    AccessToken, ApiKey, CallbackUrl, CreateAuthCode, CurrentKey, Endpoint, ExchangeAuthCode, ExchangeToken,
    SigningKeys,
};
use openrouter_oauth_transport::{Timer, Transport};

use crate::{
    ApiResponse, Authorize, Call, ClientBuilder, Entropy, Error, Retry, base_url::BaseUrl, call::Options,
    call::budget::Budget, credential::KeySource, hook::Hooks, send,
};

/// A client of OpenRouter's OAuth endpoints.
///
/// Cheap to clone; clones share connections. See the [crate](crate) for a whole sign-in.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) timer: Option<Arc<dyn Timer>>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) base_url: BaseUrl,
    pub(crate) key: KeySource,
    /// What every request carries.
    pub(crate) headers: HeaderMap,
    pub(crate) hooks: Hooks,
    pub(crate) timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) retry: Retry,
    pub(crate) budget: Arc<Budget>,
    pub(crate) response_bytes: usize,
}

impl Client {
    /// A client of `https://openrouter.ai/api/v1` without a key, which is all that signing in needs.
    #[cfg(feature = "hyper")]
    pub fn new() -> Self {
        ClientBuilder::build_default()
    }

    /// A client with what the environment says: `OPENROUTER_API_KEY`, `OPENROUTER_BASE_URL`, and for attribution
    /// `OPENROUTER_HTTP_REFERER`, `OPENROUTER_APP_TITLE`, `OPENROUTER_APP_CATEGORIES`. An empty variable counts as
    /// not set.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`], naming the variable, if one is not what it should be.
    #[cfg(feature = "hyper")]
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().env().build()
    }

    /// Sets up a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// Sends a request with the client's own settings, and leaves it with the caller.
    pub(crate) async fn send_now<E: Endpoint>(&self, request: &E) -> Result<E::Response, Error> {
        send::call(self, request, &Options::default()).await.map(ApiResponse::into_inner)
    }

    pub(crate) fn from_shared(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The clock by which the client holds its deadlines, unless it has none: for those who hold others beside them.
    pub fn timer(&self) -> Option<&Arc<dyn Timer>> {
        self.shared.timer.as_ref()
    }

    /// The service that this client calls: scheme, host and port, spelled in one way, such as `https://openrouter.ai`. A
    /// key is kept under it, since it is of use there and must be sent nowhere else.
    pub fn origin(&self) -> String {
        self.shared.base_url.origin()
    }

    /// The same client with another key.
    #[must_use]
    pub fn with_key(&self, key: ApiKey) -> Self {
        Self::from_shared(Shared { key: KeySource::Value(key), ..(*self.shared).clone() })
    }

    /// The same client with an access token in place of a key.
    #[must_use]
    pub fn with_access_token(&self, token: AccessToken) -> Self {
        Self::from_shared(Shared { key: KeySource::Token(token), ..(*self.shared).clone() })
    }

    /// Begins a sign-in that comes back to `callback`.
    pub fn authorize(&self, callback: CallbackUrl) -> Authorize {
        Authorize::new(self.clone(), Some(callback))
    }

    /// Begins a sign-in whose page shows a code to copy.
    pub fn authorize_headless(&self) -> Authorize {
        Authorize::new(self.clone(), None)
    }

    /// Exchanges an authorization code for an API key. No key goes with it.
    ///
    /// A sign-in that was begun with [`authorize`](Self::authorize) is finished by
    /// [`PendingSignIn::exchange`](crate::PendingSignIn::exchange), which keeps the rules of a code that works once.
    #[doc(alias = "ExchangeAuthCodeForAPIKey")]
    pub fn exchange_auth_code(&self, request: ExchangeAuthCode) -> Call<ExchangeAuthCode> {
        self.call(request)
    }

    /// Creates an authorization code with the client's key.
    #[doc(alias = "createAuthKeysCode")]
    pub fn create_auth_code(&self, request: CreateAuthCode) -> Call<CreateAuthCode> {
        self.call(request)
    }

    /// Tells about the client's key: its name, limits and use.
    #[doc(alias = "getCurrentKeyMetadata")]
    pub fn current_key(&self) -> Call<CurrentKey> {
        self.call(CurrentKey::new())
    }

    /// Exchanges the JWT of an identity provider for a short-lived access token. No key goes with it.
    #[doc(alias = "createOauthToken")]
    pub fn exchange_token(&self, request: ExchangeToken) -> Call<ExchangeToken> {
        self.call(request)
    }

    /// Returns the public keys that access tokens are signed with. No key goes with it.
    #[doc(alias = "listOauthJwks")]
    pub fn signing_keys(&self) -> Call<SigningKeys> {
        self.call(SigningKeys::new())
    }

    /// Calls any endpoint, also one that is described outside.
    pub fn call<E: Endpoint>(&self, request: E) -> Call<E> {
        Call::new(self.clone(), request)
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
            .field("base_url", &self.origin())
            .field("key", &self.shared.key)
            .field("transport", &self.shared.transport)
            .finish_non_exhaustive()
    }
}
