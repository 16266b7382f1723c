//! The client and its operations.

pub(crate) mod builder;
mod env;

use std::{fmt, sync::Arc};

use openrouter_oauth_models::{
    AccessToken, ApiKey, CallbackUrl, CreateAuthCode, CurrentKey, Endpoint, ExchangeAuthCode, ExchangeToken,
    InvalidValue, Origin, SigningKeys,
};
use openrouter_oauth_transport::Timer;

use self::builder::ClientBuilder;
use crate::{
    call::Call,
    config::Config,
    credential::Credential,
    error::Error,
    sign_in::authorize::{Authorize, NoCallback},
};

/// A client of OpenRouter's OAuth endpoints.
///
/// Cheap to clone; clones share connections. See the [crate](crate) for a whole sign-in.
#[derive(Clone)]
pub struct Client {
    config: Arc<Config>,
}

impl Client {
    /// A client of `https://openrouter.ai/api/v1` without a key, which is all that signing in needs.
    #[cfg(feature = "hyper")]
    pub fn new() -> Self {
        Self::from_config(builder::default_config())
    }

    /// A client with the settings in the environment: `OPENROUTER_API_KEY`, `OPENROUTER_BASE_URL`, and for attribution
    /// `OPENROUTER_HTTP_REFERER`, `OPENROUTER_APP_TITLE`, `OPENROUTER_APP_CATEGORIES`. An empty variable counts as
    /// not set.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`], naming the variable, if one is not valid.
    #[cfg(feature = "hyper")]
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().env().build()
    }

    /// Sets up a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn from_config(config: Config) -> Self {
        Self { config: Arc::new(config) }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The timer that enforces this client's deadlines, if it has one. A program that sets a deadline for several calls, as a
    /// login does, can use the same one.
    pub fn timer(&self) -> Option<&Arc<dyn Timer>> {
        self.config.timer.as_ref()
    }

    /// The service that this client calls, such as `https://openrouter.ai`. Store a key under it: the key is valid there,
    /// and must not be sent anywhere else.
    pub fn origin(&self) -> &Origin {
        self.config.base_url.origin()
    }

    /// The same client with another key.
    #[must_use]
    pub fn with_key(&self, key: ApiKey) -> Self {
        Self::from_config(Config { credential: Credential::Value(key), ..(*self.config).clone() })
    }

    /// The same client with an access token instead of a key.
    #[must_use]
    pub fn with_access_token(&self, token: AccessToken) -> Self {
        Self::from_config(Config { credential: Credential::Token(token), ..(*self.config).clone() })
    }

    /// Begins a sign-in that comes back to `callback`. [`begin`](Authorize::begin) reports an invalid URL.
    pub fn authorize<C>(&self, callback: C) -> Authorize<CallbackUrl>
    where
        C: TryInto<CallbackUrl>,
        C::Error: Into<InvalidValue>,
    {
        Authorize::new(Arc::clone(&self.config), callback.try_into().map_err(Into::into))
    }

    /// Begins a sign-in whose page shows a code to copy.
    pub fn authorize_headless(&self) -> Authorize<NoCallback> {
        Authorize::new(Arc::clone(&self.config), Ok(NoCallback))
    }

    /// Exchanges an authorization code for an API key. No key goes with it.
    ///
    /// A sign-in that was begun with [`authorize`](Self::authorize) is finished by
    /// [`PendingSignIn::exchange`](crate::PendingSignIn::exchange), which never sends a code that may have been used.
    #[doc(alias = "ExchangeAuthCodeForAPIKey")]
    pub fn exchange_auth_code(&self, request: ExchangeAuthCode) -> Call<ExchangeAuthCode> {
        self.call(request)
    }

    /// Creates an authorization code with the client's key.
    #[doc(alias = "createAuthKeysCode")]
    pub fn create_auth_code(&self, request: CreateAuthCode) -> Call<CreateAuthCode> {
        self.call(request)
    }

    /// Returns the name, the limits and the usage of the client's key.
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

    /// Calls any endpoint, including one that your program defines.
    pub fn call<E: Endpoint>(&self, request: E) -> Call<E> {
        Call::new(Arc::clone(&self.config), request)
    }
}

// Here and not in `builder.rs`: this file imports that one, which must not import `Client` in return.
impl ClientBuilder {
    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if a setting is not valid, or if a custom transport has neither a timer nor
    /// [`without_deadline`](Self::without_deadline).
    pub fn build(self) -> Result<Client, Error> {
        self.into_config().map(Client::from_config)
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
