//! Tests of the error for an unknown outcome.

use std::error::Error as _;

use openrouter_oauth::{
    Error, HeadlessSignIn, OutcomeUnknown, Retry, UnknownReason,
    transport::{self, ErrorKind, testing::ReplayStep},
};

use crate::support::{exchange, fault, respond, scripted};

fn unknown(error: Error) -> OutcomeUnknown {
    match error {
        Error::OutcomeUnknown(unknown) => *unknown,
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn unknown_outcome_names_the_key_to_look_for() {
    // C-25
    let (_, builder) = scripted([fault(ErrorKind::Io)]);
    let client = builder.build().unwrap();
    let (_, pending) = client.authorize_headless().key_label("my-cli on my-host").begin().unwrap();
    // The label survives a session store.
    let stored = pending.into_secret_json().unwrap();
    let mut pending = HeadlessSignIn::from_secret_json(stored.expose()).unwrap();
    let code = pending.read_pasted("auth_code_abc123").unwrap();
    let unknown = unknown(pending.exchange(&client, &code).await.unwrap_err());
    assert_eq!(unknown.key_label().unwrap().as_str(), "my-cli on my-host");
    let text = unknown.to_string();
    let time = unknown.noticed_at().unwrap().to_string();
    for part in ["\"my-cli on my-host\"", &*time, "https://openrouter.ai/settings/keys"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("auth_code_abc123"), "{text}");
}

#[tokio::test]
async fn unknown_outcome_names_the_service_of_the_client() {
    let (_, builder) = scripted([fault(ErrorKind::Io)]);
    let client = builder.base_url("http://127.0.0.1:8080/api/v1").build().unwrap();
    let text = client.exchange_auth_code(exchange()).await.unwrap_err().to_string();
    assert!(text.contains("in the list of keys at http://127.0.0.1:8080"), "{text}");
    assert!(!text.contains("openrouter.ai"), "{text}");
}

#[tokio::test]
async fn unknown_outcome_has_a_reason_and_a_source() {
    // C-25
    for (first, why, cause) in [
        (fault(ErrorKind::Timeout), "the response took too long", "the response took too long"),
        (
            fault(ErrorKind::Io),
            "the connection broke before the response was complete",
            "the connection broke",
        ),
        (fault(ErrorKind::TooLarge), "the response is too large", "the response is too large"),
        (fault(ErrorKind::Protocol), "the response cannot be read", "the response is not valid HTTP"),
        (fault(ErrorKind::Other), "the request failed", "the request failed"),
        (
            respond(200, r#"{"key":"#),
            "the response cannot be read (status 200 OK)",
            "not the expected JSON, at line 1 column 7",
        ),
        (
            respond(500, r#"{"error":{"code":500,"message":"down"}}"#),
            "the server failed (status 500 Internal Server Error)",
            "exchanging the code failed: OpenRouter responded with 500 Internal Server Error: down",
        ),
        (
            // A1
            respond(503, "down"),
            "the server failed (status 503 Service Unavailable)",
            "something other than OpenRouter responded (503, no content type); it may be a proxy, a firewall or a \
             network's sign-in page",
        ),
    ] {
        let (_, builder) = scripted([first]);
        let error = builder.build().unwrap().exchange_auth_code(exchange()).await.unwrap_err();
        let unknown = unknown(error);
        let text = unknown.to_string();
        let start =
            format!("the outcome of exchanging the code is unknown: {why}; a key may have been created");
        assert!(text.starts_with(&start), "{text}");
        assert_eq!(unknown.source().unwrap().to_string(), cause);
    }
}

#[tokio::test]
async fn response_keeps_its_headers() {
    let (_, builder) = scripted([respond(403, "{}")]);
    let error = builder.build().unwrap().exchange_auth_code(exchange()).await.unwrap_err();
    assert!(error.api().unwrap().headers().is_empty());
}

#[tokio::test]
async fn later_rejection_does_not_hide_an_unknown_outcome() {
    for first in [|| fault(ErrorKind::Io), || respond(500, "")] {
        for later in [403, 429, 503] {
            let (_, builder) = scripted([first(), respond(later, ""), respond(later, "")]);
            let client = builder.retry(Retry::default().dangerously_resend_unknown()).build().unwrap();
            let error = client.exchange_auth_code(exchange()).await.unwrap_err();
            assert!(error.is_outcome_unknown(), "{later}: {error}");
        }
    }
}

#[tokio::test]
async fn every_rejection_after_a_foreign_response_is_an_unknown_outcome() {
    // A1
    for (status, body) in [
        (403, r#"{"error":{"code":403,"message":"Invalid code"}}"#),
        (400, r#"{"success":false,"error":{"name":"ZodError","issues":[]}}"#),
        (400, "Malformed JSON in request body"),
        (401, r#"{"error":{"code":401,"message":"No."}}"#),
        (404, r#"{"error":{"code":404,"message":"No."}}"#),
    ] {
        let (_, builder) = scripted([respond(403, "<html>"), respond(status, body)]);
        let client = builder.build().unwrap();
        let (_, mut pending) = client.authorize_headless().begin().unwrap();
        let code = pending.read_pasted("auth_code_abc123").unwrap();
        let first = pending.exchange(&client, &code).await.unwrap_err();
        assert!(first.may_have_acted() && pending.is_fresh(), "{first}");
        let later = pending.exchange(&client, &code).await.unwrap_err();
        assert!(later.may_have_acted() && !pending.is_fresh(), "{body}: {later}");
        assert_eq!(unknown(later).reason(), UnknownReason::RejectedLater, "{body}");
    }
}

#[tokio::test]
async fn doubt_outlasts_dangerous_retries() {
    // A1
    let rejection = || respond(403, r#"{"error":{"code":403,"message":"Invalid code"}}"#);
    let foreign = || respond(403, "<html>");
    let retry = Retry::default().dangerously_resend_unknown().retry_statuses([403, 429, 502]);
    for (script, is_unknown) in [
        ([foreign(), rejection(), rejection()], false),
        ([rejection(), foreign(), rejection()], false),
        ([rejection(), foreign(), respond(429, "")], false),
        ([foreign(), respond(502, ""), rejection()], true),
        ([respond(502, ""), foreign(), rejection()], true),
        ([rejection(), fault(ErrorKind::Io), foreign()], true),
    ] {
        let case = format!("{script:?}");
        let (replay, builder) = scripted(script);
        let error =
            builder.retry(retry.clone()).build().unwrap().exchange_auth_code(exchange()).await.unwrap_err();
        assert_eq!(replay.requests().len(), 3, "{case}");
        assert!(error.may_have_acted() && !error.is_rejected_code(), "{case}: {error}");
        assert_eq!(error.is_outcome_unknown(), is_unknown, "{case}: {error}");
    }
}

#[tokio::test]
async fn read_with_a_cut_response_has_no_response() {
    // A2
    for status in [401, 403, 404, 429, 503] {
        for kind in [ErrorKind::Io, ErrorKind::Timeout, ErrorKind::Protocol] {
            let error = transport::Error::from(kind).with_status(status.try_into().unwrap());
            let (_, builder) = scripted([ReplayStep::new(Err(error))]);
            let client = builder.retry(Retry::none()).build().unwrap();
            let error = client.signing_keys().await.unwrap_err();
            assert!(
                matches!(error, Error::NoResponse(_)) && error.is_retryable(),
                "{status} {kind:?}: {error}"
            );
        }
    }
}
