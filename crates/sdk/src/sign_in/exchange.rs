//! The exchange of a sign-in's code for a key.

use http::Method;
use openrouter_oauth_models::{
    ApiKeyGrant, Auth, AuthorizationCode, CodeChallengeMethod, Encoding, Endpoint, ExchangeAuthCode, Resend,
};
use serde::Serialize;

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
        let verifier = self.take_verifier()?;
        let request = BorrowedExchange {
            code: code.expose(),
            code_verifier: verifier.expose(),
            code_challenge_method: Pkce::METHOD,
        };
        let response = call::send(client.config(), &request, None).await;
        let result = response.map(ApiResponse::into_inner).map_err(|error| {
            let is_retryable = error.is_retryable();
            match error {
                Error::Api(api) if self.is_doubtful && api.is_from_openrouter() && !is_retryable => {
                    call::response::rejected_later(self.origin.clone(), api)
                }
                error => error,
            }
        });
        self.is_doubtful |= result.as_ref().is_err_and(Error::may_have_acted);
        self.phase = match &result {
            Ok(_) => Phase::Spent(SpentReason::Exchanged),
            Err(error) if error.is_outcome_unknown() => Phase::Spent(SpentReason::OutcomeUnknown),
            Err(_) => Phase::Fresh(verifier),
        };
        result.map_err(|error| error.labeled(self.key_label.as_ref()))
    }
}

/// An [`ExchangeAuthCode`] that borrows its secrets, so that an exchange does not copy them.
#[derive(Serialize)]
struct BorrowedExchange<'a> {
    code: &'a str,
    code_verifier: &'a str,
    code_challenge_method: CodeChallengeMethod,
}

impl Endpoint for BorrowedExchange<'_> {
    type Response = ApiKeyGrant;
    const OPERATION: &'static str = ExchangeAuthCode::OPERATION;
    const ACTIVITY: &'static str = ExchangeAuthCode::ACTIVITY;
    const METHOD: Method = ExchangeAuthCode::METHOD;
    const PATH: &'static str = ExchangeAuthCode::PATH;
    const AUTH: Auth = ExchangeAuthCode::AUTH;
    const ENCODING: Encoding = ExchangeAuthCode::ENCODING;
    const RESEND: Resend = ExchangeAuthCode::RESEND;

    fn decode(body: &[u8]) -> serde_json::Result<ApiKeyGrant> {
        ExchangeAuthCode::decode(body)
    }

    fn secrets(&self) -> Vec<&str> {
        vec![self.code, self.code_verifier]
    }
}

#[cfg(test)]
mod tests {
    use openrouter_oauth_models::CodeVerifier;

    use super::*;

    #[test]
    fn borrowed_exchange_is_the_same_request() {
        let code = AuthorizationCode::parse("auth_code_\"abc\"").unwrap();
        let verifier = CodeVerifier::parse(&"v".repeat(43)).unwrap();
        let borrowed = BorrowedExchange {
            code: code.expose(),
            code_verifier: verifier.expose(),
            code_challenge_method: Pkce::METHOD,
        };
        let owned = ExchangeAuthCode::new(code.clone())
            .pkce(CodeVerifier::parse(verifier.expose()).unwrap(), Pkce::METHOD);
        assert_eq!(serde_json::to_string(&borrowed).unwrap(), serde_json::to_string(&owned).unwrap());
        assert_eq!(borrowed.secrets(), owned.secrets());
    }
}
