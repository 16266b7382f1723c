//! Tests of hooks, which see, change, and reject requests.

use std::{
    error::Error as StdError,
    sync::{Arc, Mutex},
};

use http::{HeaderMap, HeaderValue, StatusCode};
use openrouter_oauth::{
    ApiKey, Attempt, Client, Error, Hook, Retry,
    transport::{
        BoxError, ErrorKind,
        testing::{ManualTimer, Never},
    },
};

use crate::support::{GRANT, KEYS, exchange, fault, respond, scripted, unsent};

/// A hook that records each call of its methods.
#[derive(Clone, Debug, Default)]
struct Diary {
    lines: Arc<Mutex<Vec<String>>>,
    rejects: bool,
}

impl Diary {
    fn rejecting() -> Self {
        Self { rejects: true, ..Self::default() }
    }

    fn write(&self, attempt: &Attempt, what: &str) {
        let line = format!("{} {} {what}", attempt.operation(), attempt.number());
        self.lines.lock().unwrap().push(line);
    }

    #[track_caller]
    fn assert(&self, lines: &[&str]) {
        assert_eq!(*self.lines.lock().unwrap(), lines);
    }
}

impl Hook for Diary {
    fn before_attempt(&self, attempt: &Attempt, headers: &mut HeaderMap) -> Result<(), BoxError> {
        self.write(attempt, "before");
        if self.rejects {
            return Err("not today".into());
        }
        assert!(!headers.contains_key("authorization"), "a hook sees no credential");
        assert!(!headers.contains_key("x-diary"), "headers are fresh for each attempt");
        headers.append("x-diary", HeaderValue::from(attempt.number()));
        for reserved in ["authorization", "host", "content-type", "accept-encoding", "cookie"] {
            headers.insert(reserved, HeaderValue::from_static("planted"));
        }
        Ok(())
    }

    fn after_response(&self, attempt: &Attempt, status: StatusCode, _headers: &HeaderMap) {
        self.write(attempt, status.as_str());
    }

    fn after_error(&self, attempt: &Attempt, error: &(dyn StdError + 'static)) {
        self.write(attempt, &error.to_string());
    }

    fn abandoned(&self, attempt: &Attempt) {
        self.write(attempt, "abandoned");
    }
}

#[tokio::test]
async fn hook_sees_every_attempt_and_adds_headers_to_each() {
    let diary = Diary::default();
    let (replay, builder) = scripted([fault(ErrorKind::Connect), respond(503, ""), respond(200, KEYS)]);
    let client = builder.hook(diary.clone()).build().unwrap();
    assert_eq!(client.signing_keys().send_with_response().await.unwrap().attempts(), 3);
    diary.assert(&[
        "listOauthJwks 1 before",
        "listOauthJwks 1 could not connect",
        "listOauthJwks 2 before",
        "listOauthJwks 2 503",
        "listOauthJwks 3 before",
        "listOauthJwks 3 200",
    ]);
    for (request, number) in replay.requests().iter().zip(["1", "2", "3"]) {
        assert_eq!(request.headers().get_all("x-diary").iter().collect::<Vec<_>>(), [number]);
    }
}

#[tokio::test]
async fn hook_cannot_set_reserved_headers() {
    // C-16: not the credential, the host, or the encoding of the body.
    let (replay, builder) = scripted([respond(200, GRANT), respond(200, r#"{"data":{}}"#)]);
    let key = ApiKey::parse("sk-or-v1-own").unwrap();
    let client = builder.api_key(key).hook(Diary::default()).build().unwrap();
    client.exchange_auth_code(exchange()).await.unwrap();
    client.current_key().await.unwrap();

    let requests = replay.requests();
    assert_eq!(requests[0].headers().get("authorization"), None);
    assert_eq!(requests[0].headers()["content-type"], "application/json");
    assert_eq!(requests[1].headers()["authorization"], "Bearer sk-or-v1-own");
    assert_eq!(requests[1].headers().get("content-type"), None);
    for request in &requests {
        assert_eq!(request.headers()["accept-encoding"], "identity");
        assert_eq!(request.headers().get("cookie"), None);
        assert_eq!(request.headers().get("host"), None);
    }
}

#[tokio::test]
async fn rejected_request_is_not_sent_and_every_hook_sees_the_error() {
    let (diary, rejecting) = (Diary::default(), Diary::rejecting());
    let (replay, builder) = scripted([respond(200, GRANT)]);
    let client = builder.hook(diary.clone()).hook(rejecting.clone()).build().unwrap();
    let error = client.exchange_auth_code(exchange()).await.unwrap_err();
    assert!(matches!(&error, Error::HookRejected(reason) if reason.to_string() == "not today"), "{error}");
    assert!(!error.may_have_been_sent());
    assert!(!error.is_retryable());
    assert!(replay.requests().is_empty());
    let expected = ["exchangeAuthCodeForAPIKey 1 before", "exchangeAuthCodeForAPIKey 1 not today"];
    rejecting.assert(&expected);
    diary.assert(&expected);
}

#[tokio::test]
async fn hook_that_sees_an_error_cannot_cause_a_second_send() {
    // `after_error` returns nothing, so it cannot ask for a retry.
    let (replay, builder) = scripted([respond(500, ""), respond(200, GRANT)]);
    let client = builder.hook(Diary::default()).build().unwrap();
    client.exchange_auth_code(exchange()).await.unwrap_err();
    assert_eq!(replay.requests().len(), 1);
}

#[tokio::test]
async fn hooks_see_a_4xx_as_a_response() {
    let diary = Diary::default();
    let (_, builder) = scripted([unsent(), respond(403, "")]);
    let client = builder.hook(diary.clone()).retry(Retry::default()).build().unwrap();
    client.exchange_auth_code(exchange()).await.unwrap_err();
    diary.assert(&[
        "exchangeAuthCodeForAPIKey 1 before",
        "exchangeAuthCodeForAPIKey 1 the connection broke",
        "exchangeAuthCodeForAPIKey 2 before",
        "exchangeAuthCodeForAPIKey 2 403",
    ]);
}

#[tokio::test]
async fn hooks_see_a_call_that_is_dropped_in_flight() {
    // C-28
    let diary = Diary::default();
    let client = Client::builder()
        .transport(Never::new())
        .timer(ManualTimer::new())
        .hook(diary.clone())
        .build()
        .unwrap();
    let call = client.exchange_auth_code(exchange());
    drop(client.exchange_auth_code(exchange()));
    let task = tokio::spawn(async move { call.await });
    while diary.lines.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    diary.assert(&["exchangeAuthCodeForAPIKey 1 before", "exchangeAuthCodeForAPIKey 1 abandoned"]);
}
