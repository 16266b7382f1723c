//! The error for each status of a rejection, whatever its body.

use openrouter_oauth::{Error, models::RejectionReason};
use openrouter_oauth_tests::canary;
use openrouter_oauth_transport::testing::{Replay, ReplayStep};

use crate::support::{Operation, blocking_client, client, describe, response};

/// Each row has statuses, the error of a non-idempotent request (sent once), the error of an idempotent request, and
/// how often that request is sent. The reasons are those of OpenRouter's own bodies.
const REJECTIONS: &[(&[u16], &str, &str, usize)] = &[
    (&[401], "Api Unauthorized", "Api Unauthorized", 1),
    (&[404, 405], "Api NotFound", "Api NotFound", 1),
    (&[409], "Api Conflict, retryable", "Api Conflict, retryable", 1),
    (&[413, 415, 422], "Api InvalidRequest", "Api InvalidRequest", 1),
    (&[402, 406, 417, 418, 451, 499], "Api Other", "Api Other", 1),
    // A1, A15: proxies send these statuses after the service has acted, too.
    (&[408, 421, 425], "OutcomeUnknown(Status) Other", "Api Other, retryable", 3),
    (&[429], "RateLimited RateLimited, retryable", "RateLimited RateLimited, retryable", 3),
    // A1: without a `Retry-After`.
    (&[503], "OutcomeUnknown(Status) ServerError", "ServiceUnavailable ServerError, retryable", 3),
    (
        &[500, 501, 502, 504, 511, 599, 600, 999],
        "OutcomeUnknown(Status) ServerError",
        "Api ServerError, retryable",
        3,
    ),
    // Cloudflare's statuses.
    (
        &[520, 521, 522, 523, 524, 525, 526, 527, 529, 530],
        "OutcomeUnknown(Status) ServerError",
        "Api ServerError, retryable",
        3,
    ),
];

/// A content type and a body.
type Body = (&'static str, &'static str);

/// OpenRouter's error bodies.
const ENVELOPES: [Body; 2] = [
    // OpenRouter's own envelope. The status wins over the number in it (C-23).
    ("application/json", r#"{"error":{"code":200,"message":"No, thank you"}}"#),
    // RFC 6749, section 5.2.
    ("application/json", r#"{"error":"invalid_request","error_description":"No."}"#),
];

/// The service's responses to a request that it cannot parse.
const MALFORMED_REQUEST: [Body; 2] = [
    ("application/json; charset=utf-8", r#"{"success":false,"error":{"name":"ZodError","message":"[]"}}"#),
    ("text/plain", "Malformed JSON in request body"),
];

/// Bodies that are not OpenRouter's (A1).
const FOREIGN: [Body; 5] = [
    // A proxy's page.
    ("text/html; charset=UTF-8", "<!DOCTYPE html><title>Error</title><p>cloudflare"),
    ("text/plain", ""),
    // JSON that ends early.
    ("application/json", r#"{"error":{"code":400,"mess"#),
    // Gateways' JSON.
    ("application/json", r#"{"message":"cloudflare"}"#),
    ("application/json", r#"{"error":"Forbidden"}"#),
];

/// Rejects all requests of a call with this status and each of these bodies.
async fn check(operation: Operation, status: u16, bodies: &[Body], expected: &str, sent: usize) {
    for &body in bodies {
        check_one(operation, response(status, &[("content-type", body.0)], body.1), expected, sent).await;
    }
}

/// Rejects all requests of a call with this response.
async fn check_one(
    operation: Operation,
    response: http::Response<bytes::Bytes>,
    expected: &str,
    sent: usize,
) {
    let case = format!("{operation:?} {response:?}");
    let replay = Replay::new([(); 4].map(|()| ReplayStep::new(Ok(response.clone()))));
    let error = operation.call(&client(replay.clone())).await.unwrap_err();
    assert_eq!(describe(&error), expected, "{case}");
    assert_eq!(replay.requests().len(), sent, "{case}");
    let replay = Replay::new([(); 4].map(|()| ReplayStep::new(Ok(response.clone()))));
    let blocked = operation.call_blocking(&blocking_client(replay.clone())).unwrap_err();
    assert_eq!((describe(&blocked), replay.requests().len()), (describe(&error), sent), "{case}: blocking");

    let api = error.api().unwrap_or_else(|| panic!("{case}: {error:?}"));
    assert_eq!((api.status(), api.raw_body()), (response.status(), response.body().as_ref()), "{case}");
    assert!(error.may_have_been_sent(), "{case}");
    assert_eq!(error.is_outcome_unknown(), matches!(error, Error::OutcomeUnknown(_)), "{case}");
    assert!(!canary::everything(&error).contains("cloudflare"), "{case}");

    // A1: a response that is not OpenRouter's says nothing about the key or the code, and cannot deny that a key was
    // made.
    let is_foreign = api.reason() == RejectionReason::NotFromOpenRouter;
    assert_eq!(api.is_from_openrouter(), !is_foreign, "{case}");
    assert!(!is_foreign || !error.is_unauthorized() && !error.is_rejected_code(), "{case}");
    let is_in_doubt = is_foreign && matches!(error, Error::Api(_)) || error.is_outcome_unknown();
    let may_have_acted = is_in_doubt && Operation::NON_IDEMPOTENT.contains(&operation);
    assert_eq!(error.may_have_acted(), may_have_acted, "{case}");
    let is_named = error.to_string().contains("a key may have been created");
    assert_eq!(is_named, may_have_acted && operation == Operation::ExchangeAuthCode, "{case}: {error}");
}

#[tokio::test]
async fn status_decides_the_error_whatever_the_body() {
    // F15, F29, F32, F34, and F7's 511
    let own = [ENVELOPES, MALFORMED_REQUEST].concat();
    for &(statuses, of_non_idempotent, of_idempotent, sent) in REJECTIONS {
        for &status in statuses {
            for operation in Operation::NON_IDEMPOTENT {
                check(operation, status, &own, of_non_idempotent, 1).await;
                check(operation, status, &FOREIGN, &foreign(of_non_idempotent), 1).await;
            }
            for operation in Operation::IDEMPOTENT {
                check(operation, status, &own, of_idempotent, sent).await;
                check(operation, status, &FOREIGN, &foreign(of_idempotent), sent).await;
            }
        }
    }
}

/// Turns a row's error into that of a response that is not OpenRouter's: the reason is another one (A1), and a
/// conflict, which only OpenRouter can report, is not worth a retry.
fn foreign(expected: &str) -> String {
    let (variant, reason) = expected.split_once(' ').unwrap();
    let retryable =
        if reason.contains("retryable") && !reason.contains("Conflict") { ", retryable" } else { "" };
    format!("{variant} NotFromOpenRouter{retryable}")
}

#[tokio::test]
async fn only_a_valid_retry_after_shows_that_a_503_turned_the_request_away() {
    // A1
    let own = ("application/json", r#"{"error":{"code":503,"message":"Service Unavailable"}}"#);
    for (header, is_valid) in
        [("7", true), ("0", true), ("Sun, 06 Nov 1994 08:49:37 GMT", true), ("soon", false), ("", false)]
    {
        for ((content_type, body), reason) in [(own, "ServerError"), (FOREIGN[0], "NotFromOpenRouter")] {
            for operation in Operation::NON_IDEMPOTENT {
                let headers = [("content-type", content_type), ("retry-after", header)];
                let expected = if is_valid {
                    format!("ServiceUnavailable {reason}, retryable")
                } else {
                    format!("OutcomeUnknown(Status) {reason}")
                };
                check_one(operation, response(503, &headers, body), &expected, 1).await;
            }
        }
    }
}

#[tokio::test]
async fn rejected_code_differs_from_a_malformed_request() {
    // C-26
    for status in [400, 403] {
        check(Operation::ExchangeAuthCode, status, &ENVELOPES, "Api CodeRejected", 1).await;
        check(Operation::ExchangeAuthCode, status, &MALFORMED_REQUEST, "Api InvalidRequest", 1).await;
        check(Operation::ExchangeAuthCode, status, &FOREIGN, "Api NotFromOpenRouter", 1).await;
    }
}

#[tokio::test]
async fn only_the_exchange_reports_a_rejected_code() {
    let own = [ENVELOPES, MALFORMED_REQUEST].concat();
    for operation in Operation::ALL.into_iter().filter(|&other| other != Operation::ExchangeAuthCode) {
        check(operation, 400, &own, "Api InvalidRequest", 1).await;
        check(operation, 403, &own, "Api Forbidden", 1).await;
        for status in [400, 403] {
            check(operation, status, &FOREIGN, "Api NotFromOpenRouter", 1).await;
        }
    }
}
