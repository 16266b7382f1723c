//! Exchanges the code of a sign-in for a key.

use openrouter_oauth_models::{ApiKeyGrant, AuthorizationCode, ExchangeAuthCode};

use super::{
    pending::{AnySignIn, HeadlessSignIn, PendingSignIn},
    pending_exchange::{PendingExchange, Phase},
    pkce::Pkce,
};
use crate::{
    call::{self, options::Options, response::ApiResponse},
    client::Client,
    error::{Error, SpentReason},
};

impl PendingSignIn {
    /// Exchanges `code` for a key. It is sent once, and again only if it surely was not processed.
    ///
    /// After an error that leaves the sign-in fresh ([`is_fresh`](Self::is_fresh)), call it again: with the same code if the
    /// error [is retryable](Error::is_retryable), after the wait that a 429 or 503 asks for, which this method does not wait
    /// itself; or with another code that the user pastes. If a callback's code is rejected, begin a new sign-in.
    ///
    /// ```
    /// # use openrouter_oauth::{ApiKeyGrant, AuthorizationCode, Client, Error, PendingSignIn};
    /// # async fn ask_again() -> AuthorizationCode { unreachable!() }
    /// async fn finish(client: &Client, pending: &mut PendingSignIn, code: &AuthorizationCode) -> Result<ApiKeyGrant, Error> {
    ///     match pending.exchange(client, code).await {
    ///         Err(error) if error.is_rejected_code() => pending.exchange(client, &ask_again().await).await,
    ///         Err(error) if error.is_retryable() => pending.exchange(client, code).await,
    ///         result => result,
    ///     }
    /// }
    /// ```
    ///
    /// Dropping the future while it runs leaves the sign-in spent: the code may have been used.
    ///
    /// # Errors
    ///
    /// See [`Error`]. [`Error::Spent`] if the sign-in cannot be used again, [`Error::OriginMismatch`] if `client` calls
    /// another service than the one it was begun with; nothing is sent then.
    pub async fn exchange(
        &mut self,
        client: &Client,
        code: &AuthorizationCode,
    ) -> Result<ApiKeyGrant, Error> {
        self.exchange.run(client, code).await
    }
}

impl HeadlessSignIn {
    /// Exchanges `code` for a key: see [`PendingSignIn::exchange`].
    ///
    /// # Errors
    ///
    /// See [`PendingSignIn::exchange`].
    pub async fn exchange(
        &mut self,
        client: &Client,
        code: &AuthorizationCode,
    ) -> Result<ApiKeyGrant, Error> {
        self.exchange.run(client, code).await
    }
}

impl AnySignIn {
    /// Exchanges `code` for a key: see [`PendingSignIn::exchange`].
    ///
    /// # Errors
    ///
    /// See [`PendingSignIn::exchange`].
    pub async fn exchange(
        &mut self,
        client: &Client,
        code: &AuthorizationCode,
    ) -> Result<ApiKeyGrant, Error> {
        match self {
            Self::Callback(pending) => pending.exchange(client, code).await,
            Self::Headless(headless) => headless.exchange(client, code).await,
        }
    }
}

impl PendingExchange {
    async fn run(&mut self, client: &Client, code: &AuthorizationCode) -> Result<ApiKeyGrant, Error> {
        if *client.origin() != self.origin {
            return Err(Error::OriginMismatch {
                expected: self.origin.clone(),
                actual: client.origin().clone(),
            });
        }
        let request = ExchangeAuthCode::new(code.clone()).pkce(self.take_verifier()?, Pkce::METHOD);
        let response = call::send(client.config(), &request, &Options::default()).await;
        let result = response.map(ApiResponse::into_inner);
        self.phase = match (&result, request.code_verifier) {
            (Ok(_), _) => Phase::Spent(SpentReason::Exchanged),
            (Err(error), Some(verifier)) if !error.is_outcome_unknown() => Phase::Fresh(verifier),
            (Err(_), _) => Phase::Spent(SpentReason::OutcomeUnknown),
        };
        result.map_err(|error| error.labeled(self.key_label.as_ref()))
    }
}
