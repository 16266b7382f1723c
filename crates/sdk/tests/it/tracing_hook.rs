//! Tests of the `tracing` events of attempts: their levels, messages, and fields, without secrets.

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex},
};

use http::{HeaderMap, Response};
use openrouter_oauth::{
    ApiKey, Attempt, Client, Hook, TracingHook,
    transport::{
        BoxError, ErrorKind,
        testing::{ManualTimer, Never, ReplayStep},
    },
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::set_default,
};

use crate::support::{GRANT, KEYS, exchange, fault, respond, scripted};

/// A subscriber that records one line per event: its level, its target, and all its fields.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    #[track_caller]
    fn assert(&self, lines: &[&str]) {
        assert_eq!(*self.0.lock().unwrap(), lines);
    }
}

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}", event.metadata().level(), event.metadata().target()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        panic!("the SDK creates no spans: {span:?}");
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

/// A response whose headers contain a request ID, and a cookie that must not be logged.
fn named(status: u16, body: &'static str) -> ReplayStep {
    let response = Response::builder()
        .status(status)
        .header("x-request-id", "7d-7")
        .header("set-cookie", "session=canary")
        .body(body.into())
        .unwrap();
    ReplayStep::new(Ok(response))
}

#[tokio::test]
async fn events_have_the_number_and_result_of_each_attempt() {
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let (_, builder) = scripted([fault(ErrorKind::Connect), named(503, "canary"), respond(200, KEYS)]);
    builder.hook(TracingHook::new()).build().unwrap().signing_keys().await.unwrap();
    lines.assert(&[
        r#"DEBUG openrouter_oauth message=sending operation="listOauthJwks" attempt=1"#,
        "WARN openrouter_oauth message=no response operation=\"listOauthJwks\" attempt=1 \
         error=could not connect",
        r#"DEBUG openrouter_oauth message=sending operation="listOauthJwks" attempt=2"#,
        "DEBUG openrouter_oauth message=response operation=\"listOauthJwks\" attempt=2 status=503 \
         request_id=7d-7",
        r#"DEBUG openrouter_oauth message=sending operation="listOauthJwks" attempt=3"#,
        r#"DEBUG openrouter_oauth message=response operation="listOauthJwks" attempt=3 status=200"#,
    ]);
}

#[tokio::test]
async fn events_hide_the_code_and_the_key() {
    // S-1: the lines below are the complete events.
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let (_, builder) =
        scripted([named(403, "canary"), fault(ErrorKind::Io), named(200, GRANT), respond(401, "")]);
    let key = ApiKey::parse("sk-or-v1-own").unwrap();
    let client = builder.api_key(key).hook(TracingHook::new()).build().unwrap();
    assert!(client.exchange_auth_code(exchange()).await.unwrap_err().api().is_some());
    assert!(client.exchange_auth_code(exchange()).await.unwrap_err().is_outcome_unknown());
    client.exchange_auth_code(exchange()).await.unwrap();
    client.current_key().await.unwrap_err();
    let sending = r#"DEBUG openrouter_oauth message=sending operation="exchangeAuthCodeForAPIKey" attempt=1"#;
    lines.assert(&[
        sending,
        "DEBUG openrouter_oauth message=response operation=\"exchangeAuthCodeForAPIKey\" attempt=1 status=403 \
         request_id=7d-7",
        sending,
        "WARN openrouter_oauth message=no response operation=\"exchangeAuthCodeForAPIKey\" attempt=1 \
         error=the connection broke",
        sending,
        "DEBUG openrouter_oauth message=response operation=\"exchangeAuthCodeForAPIKey\" attempt=1 status=200 \
         request_id=7d-7",
        r#"DEBUG openrouter_oauth message=sending operation="getCurrentKey" attempt=1"#,
        r#"DEBUG openrouter_oauth message=response operation="getCurrentKey" attempt=1 status=401"#,
    ]);
}

#[derive(Debug)]
struct RejectingHook;

impl Hook for RejectingHook {
    fn before_attempt(&self, _: &Attempt, _: &mut HeaderMap) -> Result<(), BoxError> {
        Err("canary".into())
    }
}

#[tokio::test]
async fn events_hide_the_message_of_a_rejecting_hook() {
    // The message may contain a secret.
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let (_, builder) = scripted([]);
    let client = builder.hook(TracingHook::new()).hook(RejectingHook).build().unwrap();
    client.signing_keys().await.unwrap_err();
    lines.assert(&[
        r#"DEBUG openrouter_oauth message=sending operation="listOauthJwks" attempt=1"#,
        r#"WARN openrouter_oauth message=no response operation="listOauthJwks" attempt=1"#,
    ]);
}

#[tokio::test]
async fn attempt_that_is_dropped_in_flight_is_a_warning() {
    // C-28
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let builder = Client::builder().transport(Never::new()).timer(ManualTimer::new());
    let client = builder.hook(TracingHook::new()).build().unwrap();
    tokio::select! {
        biased;
        _ = client.exchange_auth_code(exchange()) => panic!("the transport never responds"),
        () = std::future::ready(()) => {}
    }
    lines.assert(&[
        r#"DEBUG openrouter_oauth message=sending operation="exchangeAuthCodeForAPIKey" attempt=1"#,
        r#"WARN openrouter_oauth message=dropped operation="exchangeAuthCodeForAPIKey" attempt=1"#,
    ]);
}
