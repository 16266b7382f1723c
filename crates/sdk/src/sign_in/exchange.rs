//! The exchange of a sign-in's code for a key.

use openrouter_oauth_models::{ApiKeyGrant, AuthorizationCode, ExchangeAuthCode};

use super::{
    pending::{AnySignIn, HeadlessSignIn, PendingSignIn},
    pending_exchange::{PendingExchange, Phase},
    pkce::Pkce,
};
use crate::{
    call::{self, response::ApiResponse},
    client::Client,
    error::{Error, SpentReason},
};

impl PendingSignIn {
    /// Exchanges `code` for a key. The code is sent again only if the first request was certainly not processed.
    ///
    /// After an error, check [`is_fresh`](Self::is_fresh). If the sign-in is still fresh, you can call this method
    /// again:
    ///
    /// * with the same code, if the error [is retryable](Error::is_retryable). After a 429 or 503, first wait as long
    ///   as the error asks for. This method does not wait.
    /// * with another code, if [the code was rejected](Error::is_rejected_code) and the user can paste another one.
    ///
    /// A callback delivers only one code, so begin a new sign-in if that code is rejected.
    ///
    /// The sign-in also stays fresh after a redirect or a 4XX from [something other than
    /// OpenRouter](Error::may_have_acted), although the code may have been used. Retry only if the user knows that a
    /// key may already exist. If OpenRouter then rejects the exchange, the outcome is
    /// [unknown](crate::UnknownReason::RejectedLater).
    ///
    /// ```
    /// # use openrouter_oauth::{ApiKeyGrant, AuthorizationCode, Client, Error, HeadlessSignIn};
    /// # async fn ask_again() -> AuthorizationCode { unreachable!() }
    /// async fn finish(
    ///     client: &Client,
    ///     sign_in: &mut HeadlessSignIn,
    ///     code: &AuthorizationCode,
    /// ) -> Result<ApiKeyGrant, Error> {
    ///     match sign_in.exchange(client, code).await {
    ///         Err(error) if error.is_rejected_code() => sign_in.exchange(client, &ask_again().await).await,
    ///         Err(error) if error.is_retryable() => sign_in.exchange(client, code).await,
    ///         result => result,
    ///     }
    /// }
    /// ```
    ///
    /// If you drop the future while it runs, the sign-in is spent, because the code may have been used.
    ///
    /// # Errors
    ///
    /// See [`Error`]. Two errors are specific to sign-ins, and mean that nothing was sent: [`Error::Spent`] if the
    /// sign-in cannot be used again, and [`Error::OriginMismatch`] if it began with a different service than `client`
    /// calls.
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
        let response = call::send(client.config(), &request, None).await;
        let result = response.map(ApiResponse::into_inner).map_err(|error| {
            let is_retryable = error.is_retryable();
            match error {
                Error::Api(api) if self.is_doubtful && api.is_from_openrouter() && !is_retryable => {
                    let now = client.config().system_time();
                    call::response::rejected_later(self.origin.clone(), api, now)
                }
                error => error,
            }
        });
        self.is_doubtful |= result.as_ref().is_err_and(Error::may_have_acted);
        self.phase = match (&result, request.code_verifier) {
            (Ok(_), _) => Phase::Spent(SpentReason::Exchanged),
            (Err(error), Some(verifier)) if !error.is_outcome_unknown() => Phase::Fresh(verifier),
            (Err(_), _) => Phase::Spent(SpentReason::OutcomeUnknown),
        };
        result.map_err(|error| error.labeled(self.key_label.as_ref()))
    }
}
