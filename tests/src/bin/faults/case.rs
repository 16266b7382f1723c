//! One fault, and where it is.

use std::time::Duration;

use openrouter_oauth::{
    ApiKey, AuthorizationCode, CallbackUrl, Client, CodeVerifier, CreateAuthCode, Error, ExchangeAuthCode,
    Pkce,
};
use openrouter_oauth_tests::canary;
use serde_json::{Value, json};

use crate::response::Answer;

/// One call against a peer with at most one fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) protocol: Protocol,
    pub(crate) operation: Operation,
    pub(crate) part: Part,
    pub(crate) answer: Answer,
    pub(crate) fault: Option<Fault>,
    /// With no more bytes of the client's than this, no byte of a request can have been read.
    pub(crate) silent: usize,
    /// With so many bytes of the answer, its status has come in the clear.
    pub(crate) told: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http,
    Https,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    Exchange,
    CreateCode,
}

/// What the fault hits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    Handshake,
    Request,
    Response,
}

/// What the peer does at which byte of what it reads or writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) way: Way,
    pub(crate) offset: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// From the client.
    In,
    /// To the client.
    Out,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Close,
    Reset,
    Stall,
    Flip,
}

pub(crate) const KINDS: [Kind; 4] = [Kind::Close, Kind::Reset, Kind::Stall, Kind::Flip];

impl Case {
    /// The limit on the call. A stall passes all of it, and a flipped bit may.
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_millis(match (self.part, self.fault.map(|fault| fault.kind)) {
            // Three times the limit on connecting, and what is between.
            (Part::Handshake, Some(Kind::Stall | Kind::Flip)) => 5_000,
            (_, Some(Kind::Stall)) => 300,
            (_, Some(Kind::Flip)) => 1_000,
            _ => 10_000,
        })
    }

    pub(crate) fn fault_is(&self, kind: Kind) -> bool {
        self.fault.is_some_and(|fault| fault.kind == kind)
    }
}

impl Operation {
    pub(crate) const ALL: [Self; 2] = [Self::Exchange, Self::CreateCode];

    /// Where its request goes.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Exchange => "/api/v1/auth/keys",
            Self::CreateCode => "/api/v1/auth/keys/code",
        }
    }

    /// The body of its request.
    pub(crate) fn body(self) -> Value {
        match self {
            Self::Exchange => json!({
                "code": canary::CODE, "code_verifier": canary::VERIFIER, "code_challenge_method": "S256",
            }),
            Self::CreateCode => json!({ "callback_url": CALLBACK }),
        }
    }

    /// The secret that its answer brings.
    pub(crate) fn secret(self) -> &'static str {
        match self {
            Self::Exchange => canary::KEY,
            Self::CreateCode => canary::CODE,
        }
    }

    /// Makes the call, and returns the secret of its answer.
    pub(crate) async fn call(self, client: &Client, deadline: Option<Duration>) -> Result<String, Error> {
        match self {
            Self::Exchange => {
                let request = ExchangeAuthCode::new(AuthorizationCode::parse(canary::CODE)?)
                    .pkce(CodeVerifier::parse(canary::VERIFIER)?, Pkce::METHOD);
                let call = client.exchange_auth_code(request);
                let call = match deadline {
                    Some(deadline) => call.timeout(deadline),
                    None => call.without_deadline(),
                };
                Ok(call.await?.key.expose().to_owned())
            }
            Self::CreateCode => {
                let call = client.create_auth_code(CreateAuthCode::new(CallbackUrl::parse(CALLBACK)?));
                let call = match deadline {
                    Some(deadline) => call.timeout(deadline),
                    None => call.without_deadline(),
                };
                Ok(call.await?.id.expose().to_owned())
            }
        }
    }
}

const CALLBACK: &str = "https://app.example/callback";

/// The key that goes with a request for a code.
pub(crate) const OWN_KEY: &str = "sk-or-v1-canary-of-the-caller-5d8a1c7e90b2f346";

/// The client's own key.
pub(crate) fn own_key() -> Result<ApiKey, Error> {
    Ok(ApiKey::parse(OWN_KEY)?)
}
