//! How bodies are read: a key is never lost, and nothing else counts as a key. The tests of `models` cover every form
//! of a body.

use bytes::Bytes;
use http::Response;
use openrouter_oauth::{Error, Retry};
use openrouter_oauth_tests::canary;
use openrouter_oauth_transport::{
    self as transport, ErrorKind, from_fn,
    testing::{Capture, ManualTimer},
};
use proptest::prelude::*;

use crate::support::{GRANT, Operation, builder, client, describe, exchange, response};

/// Exchanges a code for a key, with one request.
async fn exchange_for(response: Response<Bytes>) -> Result<String, Error> {
    let capture = Capture::new(response);
    let grant = client(capture.clone()).exchange_auth_code(exchange()).await;
    capture.expect_request();
    Ok(grant?.key.expose().to_owned())
}

/// Checks that the response contains the key of [`GRANT`].
async fn check(response: Response<Bytes>) {
    let case = format!("{response:?}");
    let found = exchange_for(response).await;
    assert_eq!(found.unwrap_or_else(|error| panic!("{case}: {error:?}")), "sk-or-v1-0e6f", "{case}");
}

/// Checks that the outcome of the exchange is unknown, and that the error has the status of the response.
async fn check_unreadable(response: Response<Bytes>) {
    let (case, status) = (format!("{response:?}"), response.status());
    let error = exchange_for(response).await.unwrap_err();
    assert_eq!(describe(&error), "OutcomeUnknown(Unreadable)", "{case}");
    let Error::OutcomeUnknown(unknown) = &error else {
        panic!("{case}: {error:?}");
    };
    assert_eq!(unknown.status(), Some(status), "{case}");
    assert!(error.is_outcome_unknown() && !error.is_retryable(), "{case}");
}

#[tokio::test]
async fn key_is_found_in_any_2xx_of_any_content_type() {
    // F30, F36, C-21: a created key is never lost.
    for status in [200, 201, 202, 203, 206, 207, 226, 299] {
        for content_type in [
            "application/json",
            "application/json; charset=utf-16",
            "application/problem+json",
            "text/html",
            "text/plain",
            "\u{e9}",
            "",
            &"x".repeat(10 * 1024),
        ] {
            check(response(status, &[("content-type", content_type)], GRANT)).await;
        }
        check(response(status, &[], GRANT)).await;
        let two = [("content-type", "text/html"), ("content-type", "application/json")];
        check(response(status, &two, GRANT)).await;
    }
}

#[tokio::test]
async fn success_without_a_key_is_an_unknown_outcome() {
    // F7, F30, F35, C-21
    for status in [200, 201, 204, 205] {
        for body in ["", "{}", "[]", "<!DOCTYPE html><title>Sign in to the network</title>"] {
            check_unreadable(response(status, &[("content-type", "application/json")], body)).await;
        }
    }
}

#[tokio::test]
async fn content_encoding_changes_nothing() {
    // F28, C-14: the client does not ask for compression, so it decompresses nothing.
    let gzip: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";
    let zstd: &[u8] = b"\x28\xb5\x2f\xfd\x04\x00";
    for (coding, body) in
        [("gzip", gzip), ("gzip, gzip", gzip), ("zstd", zstd), ("br", b"\x1b\x2a\x00"), ("identity", gzip)]
    {
        check_unreadable(response(200, &[("content-encoding", coding)], body)).await;
        check(response(200, &[("content-encoding", coding)], GRANT)).await;
    }
}

#[tokio::test]
async fn error_in_a_success_response_is_reported() {
    // An error envelope in a 200: the outcome is unknown, but the caller can read the error.
    let body = r#"{"error":{"code":403,"message":"Authorization code expired"}}"#;
    let error = exchange_for(response(200, &[], body)).await.unwrap_err();
    assert_eq!(describe(&error), "OutcomeUnknown(Unreadable) CodeExpired");
    assert_eq!(error.api().unwrap().message().as_str(), "Authorization code expired");
    assert_eq!(error.api().unwrap().status(), 200);
}

#[tokio::test]
async fn other_operations_read_only_objects() {
    for operation in Operation::ALL {
        for body in ["", "[]", "null", "<html>", "{", r#"{"data":[]}"#, r#"{"keys":{}}"#] {
            let client = client(Capture::new(Response::new(body.into())));
            let error = operation.call(&client).await.unwrap_err();
            // A2: only a request that is not idempotent has an unknown outcome.
            let is_idempotent = Operation::IDEMPOTENT.contains(&operation);
            let expected = if is_idempotent { "UnexpectedResponse" } else { "OutcomeUnknown(Unreadable)" };
            assert_eq!(describe(&error), expected, "{operation:?} {body}");
        }
    }
}

#[tokio::test]
async fn error_in_a_success_response_of_a_read_is_a_rejection() {
    // A read cannot have created anything.
    for operation in Operation::IDEMPOTENT {
        let body = r#"{"error":{"code":401,"message":"No."}}"#;
        let client = client(Capture::new(Response::new(body.into())));
        let error = operation.call(&client).await.unwrap_err();
        assert_eq!(describe(&error), "Api Unauthorized", "{operation:?}");
        assert_eq!(error.api().unwrap().status(), 200);
    }
}

#[tokio::test]
async fn rejection_without_its_body_is_still_a_rejection() {
    // F27, F32: the status decides. Without the body, nothing shows that it is OpenRouter's (A1).
    for (status, expected) in [
        (400, "Api NotFromOpenRouter"),
        (500, "OutcomeUnknown(Status) NotFromOpenRouter"),
        (200, "OutcomeUnknown(TooLarge)"),
    ] {
        let error = exchange_for(response(status, &[], "x".repeat(64 * 1024 + 1))).await.unwrap_err();
        assert_eq!(describe(&error), expected);
        assert!(error.api().is_none_or(|api| api.raw_body().is_empty()));

        let cut = from_fn(move |_, _| async move {
            Err(transport::Error::from(ErrorKind::Io).with_status(status.try_into().unwrap()))
        });
        let error = client(cut).exchange_auth_code(exchange()).await.unwrap_err();
        assert_eq!(describe(&error), expected.replace("TooLarge", "Cut"));
    }
    let error = exchange_for(response(400, &[], "x".repeat(64 * 1024))).await.unwrap_err();
    assert_eq!(describe(&error), "Api NotFromOpenRouter");
    assert_eq!(error.api().unwrap().raw_body().len(), 16 * 1024);
}

#[tokio::test]
async fn error_omits_an_unreadable_body() {
    // The parser's own message shows a part of its input.
    for body in [
        format!(r#"{{"key":"{0} {0}"}}"#, canary::KEY),
        format!(r#"{{"key":"{}","key":["{}"]}}"#, canary::KEY, canary::BODY),
        format!(r#"{{"key":["{}"]}}"#, canary::KEY),
        format!(r#"{{"error":{{"code":"{}","message":"{}"}}}}"#, canary::BODY, canary::KEY),
        format!(r#""{}""#, canary::KEY),
        format!("<html>{}</html>", canary::KEY),
        format!(r#"{{"key":"{}"#, canary::KEY),
    ] {
        let error = exchange_for(response(200, &[], body)).await.unwrap_err();
        canary::assert_hidden(&canary::everything(&error), &canary::ALL);
    }
}

/// Generates bodies that begin like JSON.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        prop::sample::select(vec!["{", "}", "[", "]", ":", ",", "\"", "\\", "null", "7", " "]),
        prop::sample::select(vec![
            "\"key\":",
            "\"data\":",
            "\"error\":",
            "\"message\":",
            "\"code\":",
            "\"keys\":"
        ]),
    ];
    let tokens = prop::collection::vec(token, 0..20).prop_map(|tokens| tokens.concat().into_bytes());
    prop_oneof![tokens, prop::collection::vec(any::<u8>(), 0..64)]
}

proptest! {
    #[test]
    fn any_response_yields_a_value_or_an_error(body in bodies(), status in 100..=999_u16) {
        // C-27
        let capture = Capture::new(response(status, &[], body));
        let builder = builder().transport(capture.clone()).timer(ManualTimer::new());
        let client = builder.retry(Retry::none()).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for operation in Operation::ALL {
            let called = runtime.block_on(operation.call(&client));
            prop_assert!(called.is_err() || (200..300).contains(&status), "{operation:?}");
            capture.expect_request();
        }
    }
}
