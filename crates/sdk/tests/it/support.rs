//! Clients, requests, and responses for the tests.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use openrouter_oauth::{
    AuthorizationCode, Client, ClientBuilder, ExchangeAuthCode,
    transport::{
        Error, ErrorKind, Timer,
        testing::{ManualTimer, Replay, ReplayStep},
    },
};

pub(crate) const GRANT: &str = r#"{"key":"sk-or-v1-0e6f","user_id":null}"#;
pub(crate) const KEYS: &str = r#"{"keys":[]}"#;

pub(crate) fn exchange() -> ExchangeAuthCode {
    ExchangeAuthCode::new(AuthorizationCode::parse("auth_code_abc123").unwrap())
}

pub(crate) fn respond(status: u16, body: &'static str) -> ReplayStep {
    ReplayStep::new(Ok(Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap()))
}

pub(crate) fn fault(kind: ErrorKind) -> ReplayStep {
    ReplayStep::new(Err(kind.into()))
}

pub(crate) fn unsent() -> ReplayStep {
    ReplayStep::new(Err(Error::from(ErrorKind::Io).not_sent()))
}

/// Returns the builder of a client with scripted responses, and with a clock that never waits.
pub(crate) fn scripted(script: impl IntoIterator<Item = ReplayStep>) -> (Replay, ClientBuilder) {
    let replay = Replay::new(script);
    let builder = Client::builder().transport(replay.clone()).timer(Hasty(ManualTimer::new()));
    (replay, builder)
}

/// A clock that advances by the length of each sleep instead of waiting.
#[derive(Clone, Debug)]
pub(crate) struct Hasty(pub(crate) ManualTimer);

impl Timer for Hasty {
    fn now(&self) -> std::time::Instant {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> openrouter_oauth::transport::SleepFuture {
        self.0.advance(duration);
        Box::pin(std::future::ready(()))
    }

    fn system_time(&self) -> std::time::SystemTime {
        self.0.system_time()
    }
}
