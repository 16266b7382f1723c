//! Exchanges the code of a sign-in for a key.

use openrouter_oauth_models::{ApiKeyGrant, AuthorizationCode, ExchangeAuthCode};

use super::{
    pending::{PendingSignIn, Phase},
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
    /// After an error that leaves the transaction fresh ([`is_fresh`](Self::is_fresh)) the same code can be tried again
    /// if the error [is retryable](Error::is_retryable), and another one otherwise:
    ///
    /// ```
    /// # use openrouter_oauth::{ApiKeyGrant, AuthorizationCode, Client, Error, PendingSignIn};
    /// # async fn ask_again() -> AuthorizationCode { unreachable!() }
    /// async fn finish(client: &Client, pending: &mut PendingSignIn, code: &AuthorizationCode) -> Result<ApiKeyGrant, Error> {
    ///     match pending.exchange(client, code).await {
    ///         Err(error) if error.is_refused_code() => pending.exchange(client, &ask_again().await).await,
    ///         Err(error) if error.is_retryable() => pending.exchange(client, code).await,
    ///         result => result,
    ///     }
    /// }
    /// ```
    ///
    /// Dropping the future while it runs leaves the transaction spent: nobody knows then what became of the code.
    ///
    /// # Errors
    ///
    /// See [`Error`]. [`Error::Spent`] if the transaction cannot be used again, [`Error::OriginMismatch`] if `client` calls
    /// another service than the one it was begun with (C-31); nothing is sent then.
    pub async fn exchange(
        &mut self,
        client: &Client,
        code: &AuthorizationCode,
    ) -> Result<ApiKeyGrant, Error> {
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
