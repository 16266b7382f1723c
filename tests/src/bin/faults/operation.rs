//! The calls that the sweep makes.

use std::time::Duration;

use openrouter_oauth::{
    ApiKey, AuthorizationCode, CallbackUrl, Client, CodeVerifier, CreateAuthCode, Error, ExchangeAuthCode,
    Pkce, blocking,
};
use openrouter_oauth_tests::canary;
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    Exchange,
    CreateCode,
}

impl Operation {
    pub(crate) const ALL: [Self; 2] = [Self::Exchange, Self::CreateCode];

    /// Returns the path of its request.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Exchange => "/api/v1/auth/keys",
            Self::CreateCode => "/api/v1/auth/keys/code",
        }
    }

    /// Returns the body of its request.
    pub(crate) fn body(self) -> Value {
        match self {
            Self::Exchange => json!({
                "code": canary::CODE, "code_verifier": canary::VERIFIER, "code_challenge_method": "S256",
            }),
            Self::CreateCode => json!({ "callback_url": CALLBACK }),
        }
    }

    /// Returns the secret in its successful response.
    pub(crate) fn secret(self) -> &'static str {
        match self {
            Self::Exchange => canary::KEY,
            Self::CreateCode => canary::CODE,
        }
    }

    /// Makes the call, and returns the secret in the response.
    pub(crate) async fn call(self, client: &Client, deadline: Duration) -> Result<String, Error> {
        match self {
            Self::Exchange => {
                let grant = client.exchange_auth_code(exchange()?).timeout(deadline).await?;
                Ok(grant.key.expose().to_owned())
            }
            Self::CreateCode => {
                let created = client.create_auth_code(create_code()?).timeout(deadline).await?;
                Ok(created.id.expose().to_owned())
            }
        }
    }

    /// The same with a client that blocks.
    pub(crate) fn call_blocking(
        self,
        client: &blocking::Client,
        deadline: Duration,
    ) -> Result<String, Error> {
        match self {
            Self::Exchange => {
                let grant = client.exchange_auth_code(exchange()?).timeout(deadline).send()?;
                Ok(grant.key.expose().to_owned())
            }
            Self::CreateCode => {
                let created = client.create_auth_code(create_code()?).timeout(deadline).send()?;
                Ok(created.id.expose().to_owned())
            }
        }
    }
}

fn exchange() -> Result<ExchangeAuthCode, Error> {
    let verifier = CodeVerifier::parse(canary::VERIFIER)?;
    Ok(ExchangeAuthCode::new(AuthorizationCode::parse(canary::CODE)?).pkce(verifier, Pkce::METHOD))
}

fn create_code() -> Result<CreateAuthCode, Error> {
    Ok(CreateAuthCode::new(CallbackUrl::parse(CALLBACK)?))
}

const CALLBACK: &str = "https://app.example/callback";

/// The key of the client, which it sends with `create_auth_code`.
pub(crate) const OWN_KEY: &str = "sk-or-v1-canary-of-the-caller-5d8a1c7e90b2f346";

/// [`OWN_KEY`], parsed.
pub(crate) fn own_key() -> Result<ApiKey, Error> {
    Ok(ApiKey::parse(OWN_KEY)?)
}
