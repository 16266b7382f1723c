//! The error for each status of a rejection, whatever its body.

use openrouter_oauth::Error;
use openrouter_oauth_tests::canary;
use openrouter_oauth_transport::testing::{Replay, ReplayStep};

use crate::support::{Operation, client, describe, response};

/// Each row has statuses, the error of a non-idempotent request (sent once), the error of an idempotent request, and
/// how often that request is sent.
const REJECTIONS: &[(&[u16], &str, &str, usize)] = &[
    (&[401], "Api Unauthorized", "Api Unauthorized", 1),
    (&[404, 405], "Api NotFound", "Api NotFound", 1),
    (&[409], "Api Conflict, retryable", "Api Conflict, retryable", 1),
    (&[413, 415, 422], "Api InvalidRequest", "Api InvalidRequest", 1),
    (&[402, 406, 417, 418, 451, 499], "Api Other", "Api Other", 1),
    (&[408, 421, 425], "Api Other, retryable", "Api Other, retryable", 3),
    (&[429], "RateLimited RateLimited, retryable", "RateLimited RateLimited, retryable", 3),
    (&[503], "ServiceUnavailable ServerError, retryable", "ServiceUnavailable ServerError, retryable", 3),
    (
        &[500, 501, 502, 504, 511, 599, 600, 999],
        "OutcomeUnknown(Status) ServerError",
        "Api ServerError, retryable",
        3,
    ),
    // Cloudflare's statuses.
    (
        &[520, 521, 522, 523, 524, 525, 526, 527, 530],
        "OutcomeUnknown(Status) ServerError",
        "Api ServerError, retryable",
        3,
    ),
];

/// Content types and bodies that any status can have.
const BODIES: [(&str, &str); 5] = [
    // OpenRouter's own envelope. The status wins over the number in it (C-23).
    ("application/json", r#"{"error":{"code":200,"message":"No, thank you"}}"#),
    // RFC 6749, section 5.2.
    ("application/json", r#"{"error":"invalid_request","error_description":"No."}"#),
    // A proxy's page.
    ("text/html; charset=UTF-8", "<!DOCTYPE html><title>Error</title><p>cloudflare"),
    ("text/plain", ""),
    // JSON that ends early.
    ("application/json", r#"{"error":{"code":400,"mess"#),
];

/// The service's responses to a request that it cannot parse.
const MALFORMED_REQUEST: [(&str, &str); 2] = [
    ("application/json; charset=utf-8", r#"{"success":false,"error":{"name":"ZodError","message":"[]"}}"#),
    ("text/plain", "Malformed JSON in request body"),
];

/// Rejects all requests of a call with this status and each of these bodies.
async fn check(
    operation: Operation,
    status: u16,
    bodies: &[(&str, &'static str)],
    expected: &str,
    sent: usize,
) {
    for &(content_type, body) in bodies {
        let case = format!("{operation:?} {status} {body}");
        let response = response(status, &[("content-type", content_type)], body);
        let replay = Replay::new([(); 4].map(|()| ReplayStep::new(Ok(response.clone()))));
        let error = operation.call(&client(replay.clone())).await.unwrap_err();
        assert_eq!(describe(&error), expected, "{case}");
        assert_eq!(replay.requests().len(), sent, "{case}");

        let api = error.api().unwrap_or_else(|| panic!("{case}: {error:?}"));
        assert_eq!((api.status().as_u16(), api.raw_body()), (status, body.as_bytes()), "{case}");
        assert!(error.may_have_been_sent(), "{case}");
        assert_eq!(error.is_outcome_unknown(), matches!(error, Error::OutcomeUnknown(_)), "{case}");
        assert!(!canary::everything(&error).contains("cloudflare"), "{case}");
    }
}

#[tokio::test]
async fn status_decides_the_error_whatever_the_body() {
    // F15, F29, F32, F34, and F7's 511
    let bodies = [&BODIES[..], &MALFORMED_REQUEST].concat();
    for &(statuses, of_non_idempotent, of_idempotent, sent) in REJECTIONS {
        for &status in statuses {
            for operation in Operation::NON_IDEMPOTENT {
                check(operation, status, &bodies, of_non_idempotent, 1).await;
            }
            for operation in Operation::IDEMPOTENT {
                check(operation, status, &bodies, of_idempotent, sent).await;
            }
        }
    }
}

#[tokio::test]
async fn rejected_code_differs_from_a_malformed_request() {
    // C-26
    for status in [400, 403] {
        check(Operation::ExchangeAuthCode, status, &BODIES, "Api CodeRejected", 1).await;
        check(Operation::ExchangeAuthCode, status, &MALFORMED_REQUEST, "Api InvalidRequest", 1).await;
    }
}

#[tokio::test]
async fn only_the_exchange_reports_a_rejected_code() {
    let bodies = [&BODIES[..], &MALFORMED_REQUEST].concat();
    for operation in Operation::ALL.into_iter().filter(|&other| other != Operation::ExchangeAuthCode) {
        check(operation, 400, &bodies, "Api InvalidRequest", 1).await;
        check(operation, 403, &bodies, "Api Forbidden", 1).await;
    }
}
