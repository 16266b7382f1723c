//! The error of each failure. No error prints a secret or a body.

use http::Response;
use openrouter_oauth::{
    ApiKey, AuthorizationCode, CallbackUrl, Client, CreditLimit, Error, KeyLabel, PendingSignIn, Retry,
};
use openrouter_oauth_tests::canary;
use openrouter_oauth_transport::{
    self as transport, ErrorKind,
    testing::{Capture, ManualTimer, Never, Replay, ReplayStep},
};

use crate::support::{Operation, builder, crosses_threads, describe, exchange, response};

fn client_with(step: ReplayStep) -> Client {
    let builder = builder().transport(Replay::new([step])).timer(ManualTimer::new());
    builder.retry(Retry::none()).build().unwrap()
}

fn responding(status: u16, body: impl Into<bytes::Bytes>) -> Client {
    client_with(ReplayStep::new(Ok(response(status, &[], body))))
}

/// Responds with 503 and a wait.
fn turning_away() -> Client {
    client_with(ReplayStep::new(Ok(response(503, &[("retry-after", "7")], ""))))
}

/// OpenRouter's envelope.
const NO: &str = r#"{"error":{"code":418,"message":"No."}}"#;

fn failing(error: transport::Error) -> Client {
    client_with(ReplayStep::new(Err(error)))
}

#[test]
fn errors_cross_threads() {
    crosses_threads::<Error>();
    crosses_threads::<openrouter_oauth::OutcomeUnknown>();
    crosses_threads::<openrouter_oauth::CallbackError>();
}

#[tokio::test]
async fn every_fault_has_one_variant() {
    // C-25
    let of = |kind: ErrorKind| transport::Error::from(kind);
    for (client, expected) in [
        (failing(of(ErrorKind::Connect)), "NotSent, retryable"),
        (failing(of(ErrorKind::Proxy)), "NotSent, retryable"),
        (failing(of(ErrorKind::ProxyAuth)), "ProxyAuthRequired"),
        (failing(of(ErrorKind::ProxyAuthUnsupported)), "ProxyAuthRequired"),
        (failing(of(ErrorKind::Tls)), "Tls"),
        (failing(of(ErrorKind::Io).not_sent()), "NotSent, retryable"),
        (failing(of(ErrorKind::Timeout).not_sent()), "NotSent, retryable"),
        (failing(of(ErrorKind::Other).not_sent()), "NotSent"),
        (failing(of(ErrorKind::Io)), "OutcomeUnknown(Cut)"),
        (failing(of(ErrorKind::Timeout)), "OutcomeUnknown(Timeout)"),
        (failing(of(ErrorKind::TooLarge)), "OutcomeUnknown(TooLarge)"),
        (failing(of(ErrorKind::Protocol)), "OutcomeUnknown(Unreadable)"),
        (failing(of(ErrorKind::Other)), "OutcomeUnknown(Other)"),
        (responding(200, "{}"), "OutcomeUnknown(Unreadable)"),
        // A1, A15: after an exchange, only 429 and a 503 with `Retry-After` show that nothing was created.
        (responding(500, ""), "OutcomeUnknown(Status) NotFromOpenRouter"),
        (responding(408, ""), "OutcomeUnknown(Status) NotFromOpenRouter"),
        (responding(421, ""), "OutcomeUnknown(Status) NotFromOpenRouter"),
        (responding(429, ""), "RateLimited NotFromOpenRouter, retryable"),
        (responding(503, ""), "OutcomeUnknown(Status) NotFromOpenRouter"),
        (turning_away(), "ServiceUnavailable NotFromOpenRouter, retryable"),
        (responding(308, ""), "UnexpectedRedirect(false)"),
        (responding(400, ""), "Api NotFromOpenRouter"),
        (responding(400, NO), "Api CodeRejected"),
        (responding(418, NO), "Api Other"),
        (responding(500, NO), "OutcomeUnknown(Status) ServerError"),
        (responding(101, ""), "OutcomeUnknown(Status) NotFromOpenRouter"),
    ] {
        let error = client.exchange_auth_code(exchange()).await.unwrap_err();
        assert_eq!(describe(&error), expected);
        let unknown = expected.starts_with("OutcomeUnknown");
        assert_eq!(error.is_outcome_unknown(), unknown, "{expected}");
        let not_sent = ["NotSent", "NotSent, retryable", "ProxyAuthRequired", "Tls"].contains(&expected);
        assert_eq!(error.may_have_been_sent(), !not_sent, "{expected}");
    }
}

#[tokio::test]
async fn proxy_advice_depends_on_the_kind_of_authentication() {
    let message = async |kind: ErrorKind| failing(kind.into()).current_key().await.unwrap_err().to_string();
    let (basic, other) =
        (message(ErrorKind::ProxyAuth).await, message(ErrorKind::ProxyAuthUnsupported).await);
    assert!(basic.contains("proxy's URL") && !basic.contains("cntlm"), "{basic}");
    assert!(other.contains("Px or cntlm") && !other.contains("proxy's URL"), "{other}");
}

/// A client that fails, and the error that it returns.
type Case = (fn() -> Client, &'static str);

#[tokio::test]
async fn read_has_no_unknown_outcome() {
    // A2
    fn of(kind: ErrorKind) -> transport::Error {
        kind.into()
    }
    let cases: [Case; 17] = [
        (|| failing(of(ErrorKind::Connect)), "NotSent, retryable"),
        (|| failing(of(ErrorKind::Io)), "NoResponse(Io), retryable"),
        (|| failing(of(ErrorKind::Timeout)), "NoResponse(Timeout), retryable"),
        (|| failing(of(ErrorKind::Protocol)), "NoResponse(Protocol), retryable"),
        (|| failing(of(ErrorKind::Other)), "NoResponse(Other), retryable"),
        (|| failing(of(ErrorKind::Io).with_status(http::StatusCode::OK)), "NoResponse(Io), retryable"),
        (|| failing(of(ErrorKind::TooLarge)), "NoResponse(TooLarge), retryable"),
        (|| failing(of(ErrorKind::TooLarge).with_status(http::StatusCode::OK)), "UnexpectedResponse"),
        (|| responding(200, "[]"), "UnexpectedResponse"),
        (|| responding(200, "<html>"), "UnexpectedResponse"),
        (|| responding(204, ""), "UnexpectedResponse"),
        (|| responding(200, NO), "Api Other"),
        (|| responding(500, ""), "Api NotFromOpenRouter, retryable"),
        (|| responding(503, NO), "ServiceUnavailable ServerError, retryable"),
        (|| responding(308, ""), "UnexpectedRedirect(false)"),
        (|| responding(401, ""), "Api NotFromOpenRouter"),
        (|| responding(408, ""), "Api NotFromOpenRouter, retryable"),
    ];
    for (client, expected) in cases {
        for operation in Operation::IDEMPOTENT {
            let error = operation.call(&client()).await.unwrap_err();
            assert_eq!(describe(&error), expected, "{operation:?}");
            assert!(!error.is_outcome_unknown() && !error.may_have_acted(), "{operation:?} {expected}");
            assert_eq!(
                error.may_have_been_sent(),
                !expected.starts_with("NotSent"),
                "{operation:?} {expected}"
            );
        }
    }
}

#[tokio::test]
async fn predicates_recognize_a_rejected_code() {
    // C-26
    for (message, expired) in [("Authorization code expired", true), ("Invalid code", false), ("No", false)] {
        let body = format!(r#"{{"error":{{"code":403,"message":"{message}"}}}}"#);
        let error = responding(403, body).exchange_auth_code(exchange()).await.unwrap_err();
        assert_eq!((error.is_expired_code(), error.is_rejected_code()), (expired, true), "{message}");
    }
    // A1: a 403 without OpenRouter's envelope says nothing about the code.
    for (status, body) in [(401, ""), (401, NO), (403, ""), (403, "<html>Invalid code</html>"), (403, "{}")] {
        let error = responding(status, body).exchange_auth_code(exchange()).await.unwrap_err();
        assert!(!error.is_expired_code() && !error.is_rejected_code(), "{status} {body}");
    }
}

#[tokio::test]
async fn only_openrouters_own_401_is_unauthorized() {
    let envelope = r#"{"error":{"message":"User not found.","code":401}}"#;
    for (status, body, is_unauthorized) in [
        (401, envelope, true),
        (401, "", false),
        (401, "<html>Sign in to the network</html>", false),
        (403, envelope, false),
        (500, envelope, false),
    ] {
        let error = responding(status, body).exchange_auth_code(exchange()).await.unwrap_err();
        assert_eq!(error.is_unauthorized(), is_unauthorized, "{status} {body}");
    }
}

/// Bodies of every shape that repeat the secrets.
fn leaking_bodies() -> Vec<String> {
    let all = canary::ALL.join(" ");
    // The secrets of the request. The rest of `all` is the server's own text, which may be shown where it is a message.
    let sent = [canary::CODE, canary::VERIFIER, canary::KEY, canary::TOKEN].join(" ");
    vec![
        all.clone(),
        format!("<html><body>{all}</body></html>"),
        format!(r#"{{"key":7,"{all}":"{all}"}}"#),
        format!(r#"{{"error":{{"code":400,"message":"{sent}","metadata":{{"raw":"{all}"}}}}}}"#),
        format!(r#"{{"error":{{"message":"{sent}"}}}}"#),
        format!(r#"{{"error":{{"code":400,"message":"No.","{all}":1}},"user_id":"{}"}}"#, canary::BODY),
        format!(r#"{{"error":"invalid_grant","error_description":"{sent}"}}"#),
        format!(r#"{{"error":"{sent}"}}"#),
        [r#"{"error":{"code":400,"message":"No."#, &all].concat(),
    ]
}

#[tokio::test]
async fn error_shows_no_secret_and_no_body() {
    // C-25, S-1
    for operation in Operation::ALL {
        for status in [200, 201, 307, 400, 401, 403, 409, 422, 429, 500, 502, 503] {
            for body in leaking_bodies() {
                let case = format!("{operation:?} {status} {body}");
                let Err(error) = operation.call(&responding(status, body)).await else {
                    panic!("{case}");
                };
                canary::assert_hidden(&canary::everything(&error), &hidden_from(operation));
            }
        }
    }
}

#[tokio::test]
async fn error_shows_no_key_of_any_form() {
    // An access token is sent like a key, but has another prefix.
    let body = format!(r#"{{"error":{{"code":401,"message":"There is no user of {}"}}}}"#, canary::TOKEN);
    for operation in [Operation::CurrentKey, Operation::CreateAuthCode] {
        let client = responding(401, body.clone()).with_key(ApiKey::parse(canary::TOKEN).unwrap());
        let error = operation.call(&client).await.unwrap_err();
        assert_eq!(describe(&error), "Api Unauthorized");
        canary::assert_hidden(&canary::everything(&error), &[canary::TOKEN]);
    }
}

#[tokio::test]
async fn truncated_message_shows_no_part_of_a_key() {
    for length in 460..520 {
        let message = format!("{:x<length$} {}", "", canary::TOKEN);
        let body = format!(r#"{{"error":{{"code":401,"message":"{message}"}}}}"#);
        let client = responding(401, body).with_key(ApiKey::parse(canary::TOKEN).unwrap());
        let error = client.current_key().await.unwrap_err();
        canary::assert_hidden(&canary::everything(&error), &[&canary::TOKEN[..8]]);
    }
}

/// The secrets that an error of an operation must not show: those of its request, keys, and the body outside the
/// message.
fn hidden_from(operation: Operation) -> Vec<&'static str> {
    let own: &[&str] = match operation {
        Operation::ExchangeAuthCode => &[canary::CODE, canary::VERIFIER],
        Operation::ExchangeToken => &[canary::TOKEN],
        _ => &[],
    };
    [own, &[canary::KEY, canary::BODY]].concat()
}

#[tokio::test]
async fn display_omits_the_transport_error() {
    // A transport must not put a body into its error. If it does, the SDK's own text still omits it.
    for kind in [ErrorKind::Connect, ErrorKind::Tls, ErrorKind::Io, ErrorKind::Other] {
        let error = failing(transport::Error::new(kind, canary::BODY));
        let error = error.exchange_auth_code(exchange()).await.unwrap_err();
        canary::assert_hidden(&error.to_string(), &[canary::BODY]);
    }
}

#[tokio::test]
async fn error_for_invalid_input_omits_the_input() {
    // C-25, S-1
    let capture = Capture::new(Response::new("{}".into()));
    let build = |builder: openrouter_oauth::ClientBuilder| {
        builder.transport(capture.clone()).timer(ManualTimer::new()).build()
    };
    let bad = format!("{}\n", canary::BODY);
    let client = build(Client::builder()).unwrap();
    let mut errors: Vec<Error> = vec![
        ApiKey::parse(&bad).unwrap_err().into(),
        AuthorizationCode::parse(&bad).unwrap_err().into(),
        CallbackUrl::parse(&bad).unwrap_err().into(),
        KeyLabel::parse(&bad).unwrap_err().into(),
        CreditLimit::new(f64::NAN).unwrap_err().into(),
        build(Client::builder().base_url(&bad)).unwrap_err(),
        build(Client::builder().user_agent(&bad)).unwrap_err(),
        client.authorize_headless().key_label(bad.as_str()).begin().unwrap_err(),
        client.authorize_headless().workspace_id(canary::BODY).begin().unwrap_err(),
        PendingSignIn::from_secret_json(&bad).unwrap_err(),
        client.signing_keys().base_url(&bad).await.unwrap_err(),
        client.signing_keys().header("x", bad.as_str()).await.unwrap_err(),
        client.signing_keys().header(bad.as_str(), "x").await.unwrap_err(),
    ];
    let callback = CallbackUrl::parse("https://my.app/").unwrap();
    let (_url, pending) = client.authorize(callback).begin().unwrap();
    let ours = pending.callback_url();
    for target in [
        format!("https://my.app/{bad}"),
        format!("{ours}?code=%0a{bad}"),
        format!("{ours}?code={0}&state={0}", canary::CODE),
    ] {
        errors.push(pending.read_callback(&target).unwrap_err().into());
        errors.push(pending.read_pasted(&target).unwrap_err().into());
    }
    for error in errors {
        canary::assert_hidden(&canary::everything(&error), &[canary::BODY, canary::CODE]);
    }
    capture.expect_no_request();
}

#[test]
fn display_omits_the_cause_and_names_the_next_step() {
    let client = Client::builder().transport(Never::new()).timer(ManualTimer::new()).build().unwrap();
    let error = client.authorize_headless().key_label("").begin().unwrap_err();
    assert_eq!(error.to_string(), "the key label is empty");
    assert!(Error::MissingKey.to_string().starts_with("this operation needs an API key"));
    let local = Error::NotSent(transport::Error::new(ErrorKind::Other, "no runtime").not_sent());
    assert!(!local.to_string().contains("could not be reached"), "{local}");
    let not_sent = Error::NotSent(transport::Error::new(ErrorKind::Connect, "dns"));
    assert!(!not_sent.to_string().contains("dns"));
    assert!(canary::everything(&not_sent).contains("dns"));
}
