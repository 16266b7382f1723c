//! What is made of bodies: a key is never lost, and nothing else is taken for one.

use openrouter_oauth::{Error, Retry};
use openrouter_oauth_tests::{
    canary,
    server::{Server, Step},
};
use openrouter_oauth_transport::testing::{Capture, ManualTimer};
use proptest::prelude::*;

use crate::support::{GRANT, Operation, builder, describe, exchange, over_a_socket};

/// A server and a client of it, for many answers in a row.
struct Line {
    server: Server,
    client: openrouter_oauth::Client,
}

impl Line {
    async fn open() -> Self {
        let server = Server::start([]).await;
        let client = over_a_socket(&server);
        Self { server, client }
    }

    /// Exchanges a code for whatever this step brings.
    async fn exchange(&self, step: Step) -> Result<String, Error> {
        self.server.play([step]);
        let before = self.server.requests().len();
        let grant = self.client.exchange_auth_code(exchange()).await;
        assert_eq!(self.server.requests().len(), before + 1);
        Ok(grant?.key.expose().to_owned())
    }

    /// The answer holds this key.
    async fn check(&self, step: Step, key: &str) {
        let case = format!("{step:?}");
        let found = self.exchange(step).await;
        assert_eq!(found.unwrap_or_else(|error| panic!("{case}: {error:?}")), key, "{case}");
    }

    /// The answer is an outcome that nobody knows, and says with which status it came.
    async fn check_unreadable(&self, status: u16, step: Step) {
        let case = format!("{step:?}");
        let error = self.exchange(step).await.unwrap_err();
        assert!(describe(&error).starts_with("OutcomeUnknown(Unreadable)"), "{case}: {error:?}");
        let Error::OutcomeUnknown(unknown) = &error else {
            panic!("{case}: {error:?}");
        };
        assert_eq!(unknown.status().unwrap(), status, "{case}");
        assert!(error.is_outcome_unknown() && !error.is_retryable(), "{case}");
    }
}

#[tokio::test]
async fn a_key_is_found_whatever_the_status_of_success_and_the_content_type() {
    // F30, F36, C-21, as the first decision has it: a minted key is never lost.
    let line = Line::open().await;
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
            line.check(Step::typed(status, content_type, GRANT), "sk-or-v1-0e6f").await;
        }
        line.check(Step::with(status, &[], GRANT), "sk-or-v1-0e6f").await;
        let two = [("content-type", "text/html"), ("content-type", "application/json")];
        line.check(Step::with(status, &two, GRANT), "sk-or-v1-0e6f").await;
    }
}

#[tokio::test]
async fn a_success_without_a_key_is_an_outcome_that_nobody_knows() {
    // F30, F35, C-21
    let line = Line::open().await;
    for body in [
        "",
        " ",
        "{}",
        "null",
        "[]",
        r#"["sk-or-v1-0e6f","user_1"]"#,
        r#""sk-or-v1-0e6f""#,
        "<!DOCTYPE html><html>sk-or-v1-0e6f</html>",
        r#"{"key":""}"#,
        r#"{"key":null}"#,
        r#"{"key":7}"#,
        r#"{"key":NaN}"#,
        r#"{"key":{"key":"sk-or-v1-0e6f"}}"#,
        r#"{"key":"a\r\nX-Evil: 1"}"#,
        r#"{"key":"a b"}"#,
        r#"{"key":"\u0000"}"#,
        r#"{"key":"sk-or-v1-0e6f""#,
        r#"{"key":"sk-or-v1-0e6f"}}"#,
        r#"{"key":"sk-or-v1-0e6f"} {"key":"sk-or-v1-0e6f"}"#,
        r#"{"key":"sk-or-v1-0e6f",}"#,
        r#"{"key":"sk-or-v1-0e6f"} // made"#,
        r#"{"data":{"key":"sk-or-v1-0e6f"}}"#,
    ] {
        for status in [200, 201] {
            line.check_unreadable(status, Step::json(status, body)).await;
        }
    }
    line.check_unreadable(204, Step::with(204, &[], "")).await;
    line.check_unreadable(205, Step::with(205, &[], "")).await;
    line.check_unreadable(200, Step::json(200, format!(r#"{{"key":"{}"}}"#, "k".repeat(513)))).await;
}

#[tokio::test]
async fn what_stands_beside_the_key_does_not_lose_it() {
    // F35, C-22
    let line = Line::open().await;
    let deep = format!(r#"{{"key":"k","ignored":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    let invalid: &[u8] = b"{\"key\":\"k\",\"ignored\":\"\xff\xfe\",\"user_id\":\"\xc3\"}";
    for body in [
        br#"{"key":"k"}"#,
        br#"{"user_id":null,"key":"k"}"#.as_slice(),
        br#"{"user_id":7,"key":"k"}"#,
        br#"{"user_id":"a","key":"k","user_id":"b"}"#,
        br#"{"key":"k","error":{"code":500,"message":"No."}}"#,
        br#"{"key":"k","ignored":"\ud800"}"#,
        br#"{"key":"k","ignored":1e400}"#,
        br#"{"\u006bey":"\u006b"}"#,
        b" \r\n\t{\"key\":\"k\"}\n",
        b"\xef\xbb\xbf{\"key\":\"k\"}",
        deep.as_bytes(),
        invalid,
    ] {
        line.check(Step::json(200, body), "k").await;
    }
}

#[tokio::test]
async fn a_key_that_stands_twice_is_none() {
    // F35, C-22
    let line = Line::open().await;
    for body in [r#"{"key":"a","key":"b"}"#, r#"{"key":"a","key":"a"}"#, r#"{"key":"a","k\u0065y":"b"}"#] {
        line.check_unreadable(200, Step::json(200, body)).await;
    }
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_no_key() {
    // F35, C-22
    let line = Line::open().await;
    let utf_16: Vec<u8> = GRANT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in [&b"{\"key\":\"\xff\"}"[..], b"{\"key\":\"k\xc3\"}", b"\xff\xfe{\"key\":\"k\"}", &utf_16] {
        line.check_unreadable(200, Step::json(200, body)).await;
    }
}

#[tokio::test]
async fn an_answer_that_ends_early_is_no_key_at_any_byte() {
    // F20, F35, C-21
    let line = Line::open().await;
    for length in 0..GRANT.len() {
        // Whole as HTTP has it, and cut as JSON has it.
        line.check_unreadable(200, Step::json(200, &GRANT[..length])).await;
        // Cut as HTTP has it.
        let Step::Answer(mut bytes) = Step::json(200, GRANT) else {
            panic!("an answer");
        };
        bytes.truncate(bytes.len() - GRANT.len() + length);
        let error = line.exchange(Step::Close(bytes)).await.unwrap_err();
        assert_eq!(describe(&error), "OutcomeUnknown(Cut)", "{length}");
    }
}

#[tokio::test]
async fn a_portal_in_between_is_no_key() {
    // F7: its page as a success, or a status of its own (RFC 6585, section 6). Over TLS it is not trusted.
    let line = Line::open().await;
    let page = "<!DOCTYPE html><title>Sign in to the network</title>";
    line.check_unreadable(200, Step::typed(200, "text/html", page)).await;
    let error = line.exchange(Step::typed(511, "text/html", page)).await.unwrap_err();
    assert_eq!(describe(&error), "OutcomeUnknown(Status) ServerError");
    line.check(Step::json(200, GRANT), "sk-or-v1-0e6f").await;
}

#[tokio::test]
async fn what_is_compressed_is_no_key_and_what_only_says_so_is_one() {
    // F28, C-14: nobody asked for it, so nothing is decompressed.
    let line = Line::open().await;
    let gzip: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";
    let zstd: &[u8] = b"\x28\xb5\x2f\xfd\x04\x00";
    for (coding, body) in
        [("gzip", gzip), ("gzip, gzip", gzip), ("zstd", zstd), ("br", b"\x1b\x2a\x00"), ("identity", gzip)]
    {
        line.check_unreadable(200, Step::with(200, &[("content-encoding", coding)], body)).await;
        line.check(Step::with(200, &[("content-encoding", coding)], GRANT), "sk-or-v1-0e6f").await;
    }
}

#[tokio::test]
async fn an_error_inside_a_success_is_told() {
    // An error envelope inside a 200: nobody knows whether a key was made, but the words are at hand.
    let line = Line::open().await;
    let body = r#"{"error":{"code":403,"message":"Authorization code expired"}}"#;
    let error = line.exchange(Step::json(200, body)).await.unwrap_err();
    assert_eq!(describe(&error), "OutcomeUnknown(Unreadable) CodeExpired");
    assert_eq!(error.api().unwrap().message().as_str(), "Authorization code expired");
    assert_eq!(error.api().unwrap().status(), 200);
}

#[tokio::test]
async fn the_other_operations_read_objects_alone() {
    for operation in Operation::ALL {
        let server = Server::start([]).await;
        let client = over_a_socket(&server);
        for body in ["", "[]", "null", "<html>", "{", r#"{"data":[]}"#, r#"{"keys":[[]]}"#] {
            server.play([Step::json(200, body)]);
            let error = operation.call(&client).await.unwrap_err();
            let told = describe(&error);
            assert!(told.starts_with("OutcomeUnknown(Unreadable)"), "{operation:?} {body}: {told}");
            assert_eq!(error.is_retryable(), Operation::READING.contains(&operation), "{operation:?} {body}");
        }
    }
}

#[tokio::test]
async fn an_error_inside_a_success_of_a_read_is_a_refusal() {
    // Nothing can have been made.
    for operation in Operation::READING {
        let server = Server::start([Step::json(200, r#"{"error":{"code":401,"message":"No."}}"#)]).await;
        let error = operation.call(&over_a_socket(&server)).await.unwrap_err();
        assert_eq!(describe(&error), "Api Unauthorized", "{operation:?}");
        assert_eq!(error.api().unwrap().status(), 200);
    }
}

#[tokio::test]
async fn the_status_wins_over_the_number_in_the_body() {
    // C-23
    let line = Line::open().await;
    for (status, told) in [
        (401, "Api Unauthorized"),
        (409, "Api Conflict, retryable"),
        (429, "RateLimited RateLimited, retryable"),
    ] {
        let body = r#"{"error":{"code":200,"message":"Fine"}}"#;
        let error = line.exchange(Step::json(status, body)).await.unwrap_err();
        assert_eq!(describe(&error), told);
        let api = error.api().unwrap();
        assert_eq!((api.status().as_u16(), api.code()), (status, Some(200)));
    }
}

#[tokio::test]
async fn the_words_of_a_refusal_are_fit_to_print() {
    // C-23
    let line = Line::open().await;
    let body = r#"{"error":{"code":400,"message":"\u001b[31mInvalid\u001b]0;title\u0007 code\r\n\u0000\u202eevil"}}"#;
    let long = format!(r#"{{"error":{{"code":400,"message":"{}"}}}}"#, "\u{e9}".repeat(10_000));
    let described = r#"{"error":"invalid_grant","error_description":"\u009b2Jno\u0008"}"#;
    for body in [body, &long, described] {
        let error = line.exchange(Step::json(400, body)).await.unwrap_err();
        let text = error.to_string();
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(!text.contains('\u{202e}') && !text.contains("[31m"), "{text:?}");
        assert!(error.api().unwrap().message().as_str().chars().count() <= 512);
        assert_eq!(
            error.api().unwrap().raw_body(),
            body.as_bytes().get(..16 * 1024).unwrap_or(body.as_bytes())
        );
    }
}

#[tokio::test]
async fn a_body_of_a_refusal_may_be_anything() {
    // C-23
    let line = Line::open().await;
    for body in [
        &b""[..],
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b"\"Invalid code\"",
        br#"{"error":null}"#,
        br#"{"error":7}"#,
        br#"{"error":[]}"#,
        br#"{"error":{}}"#,
        br#"{"error":{"code":400,"message":null}}"#,
        br#"{"message":"Invalid code"}"#,
        b"<html><body>Invalid code</body></html>",
        b"{\"error\":{\"code\":400,\"message\":\"Inva",
    ] {
        let error = line.exchange(Step::json(400, body)).await.unwrap_err();
        assert_eq!(describe(&error), "Api CodeRejected", "{}", body.escape_ascii());
        assert_eq!(error.api().unwrap().raw_body(), body);
        assert_eq!(error.to_string(), "OpenRouter answered exchangeAuthCodeForAPIKey with 400 Bad Request");
    }
    let string = br#"{"error":"Invalid code"}"#;
    let error = line.exchange(Step::json(400, string)).await.unwrap_err();
    assert_eq!(describe(&error), "Api CodeInvalid");
}

#[tokio::test]
async fn a_refusal_whose_body_does_not_come_is_a_refusal_all_the_same() {
    // F27, F32: the status says it.
    let line = Line::open().await;
    let error = line.exchange(Step::json(400, "x".repeat(64 * 1024 + 1))).await.unwrap_err();
    assert_eq!(describe(&error), "Api CodeRejected");
    assert!(error.api().unwrap().raw_body().is_empty());
    let error = line.exchange(Step::json(500, "x".repeat(64 * 1024 + 1))).await.unwrap_err();
    assert_eq!(describe(&error), "OutcomeUnknown(Status) ServerError");
    let error = line.exchange(Step::json(200, "x".repeat(64 * 1024 + 1))).await.unwrap_err();
    assert_eq!(describe(&error), "OutcomeUnknown(TooLarge)");
    let error = line.exchange(Step::json(400, "x".repeat(64 * 1024))).await.unwrap_err();
    assert_eq!(describe(&error), "Api CodeRejected");
    assert_eq!(error.api().unwrap().raw_body().len(), 16 * 1024);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_not_repeated() {
    // The parser's own message shows a part of what it reads.
    let line = Line::open().await;
    for body in [
        format!(r#"{{"key":"{} "}}"#, canary::KEY),
        format!(r#"{{"key":"{}","key":"{}"}}"#, canary::KEY, canary::BODY),
        format!(r#"{{"key":["{}"]}}"#, canary::KEY),
        format!(r#"{{"error":{{"code":"{}","message":"{}"}}}}"#, canary::BODY, canary::KEY),
        format!(r#""{}""#, canary::KEY),
        format!("<html>{}</html>", canary::KEY),
        format!(r#"{{"key":"{}"#, canary::KEY),
    ] {
        for status in [200, 201] {
            let error = line.exchange(Step::json(status, &body)).await.unwrap_err();
            canary::assert_hidden(&canary::everything(&error), &canary::ALL);
        }
    }
}

/// Bodies that look like JSON for a while.
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
    fn any_answer_is_a_value_or_an_error(body in bodies(), status in 100..=999_u16) {
        // C-27
        let response = http::Response::builder().status(status).body(body.into()).unwrap();
        let capture = Capture::new(response);
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
