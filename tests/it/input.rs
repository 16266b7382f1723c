//! Invalid input leads to a typed error before a byte is sent. The message says what is wrong.

use std::{
    ffi::{OsStr, OsString},
    time::Duration,
};

use http::{Method, Response};
use openrouter_oauth::{
    ApiKey, Attribution, AuthorizationCode, CallbackUrl, Client, ClientBuilder, CreditLimit, Error,
    FederationPolicyId, KeyLabel, SubjectToken,
    models::{Auth, CodeVerifier, Encoding, Endpoint, InvalidValue, Resend},
    transport_hyper::TokioTimer,
};
use openrouter_oauth_tests::{canary, query};
use openrouter_oauth_transport::testing::{Capture, ManualTimer, Never};
use serde_json::{Value, json};

use crate::{
    child,
    support::{Operation, builder, describe, exchange},
};

fn capture() -> (Capture, ClientBuilder) {
    let capture = Capture::new(Response::new("{}".into()));
    let builder = builder().transport(capture.clone()).timer(ManualTimer::new());
    (capture, builder)
}

#[test]
fn invalid_value_error_names_the_value_and_the_problem() {
    let long = "x".repeat(20_000);
    let words = |result: Result<(), InvalidValue>| result.unwrap_err().to_string();
    for (bad, problem) in [
        ("", "is empty"),
        (&long, "is too long"),
        ("\u{fc}", "may contain only"),
        ("a\r\nb", "may contain only"),
        ("a\0", "may contain only"),
    ] {
        for (text, what) in [
            (words(ApiKey::parse(bad).map(drop)), "API key"),
            (words(AuthorizationCode::parse(bad).map(drop)), "authorization code"),
            (words(SubjectToken::parse(bad).map(drop)), "subject token"),
            (words(FederationPolicyId::parse(bad).map(drop)), "federation policy ID"),
            (words(CodeVerifier::parse(bad).map(drop)), "code verifier"),
        ] {
            assert!(text.starts_with(&format!("the {what} {problem}")), "{text}");
        }
    }
    for (bad, text) in [
        ("", "the callback URL is empty"),
        (&long, "the callback URL is too long"),
        ("http://\u{fc}/", "the callback URL may contain only the characters of a URL"),
        ("a\r\nb", "the callback URL may contain only the characters of a URL"),
    ] {
        assert!(words(CallbackUrl::parse(bad).map(drop)).starts_with(text), "{bad:?}");
    }
    for (bad, text) in [
        ("", "the key label is empty"),
        (" \t", "the key label is empty"),
        (&"l".repeat(101), "the key label is longer than 100 characters"),
        ("a\nb", "the key label must not contain control characters or invisible characters"),
        ("a\u{1b}[31m", "the key label must not contain control characters or invisible characters"),
        ("a\u{202e}b", "the key label must not contain control characters or invisible characters"),
    ] {
        assert_eq!(words(KeyLabel::parse(bad).map(drop)), text, "{bad:?}");
    }
    for (bad, text) in [
        (f64::NAN, "the credit limit is not a finite number"),
        (f64::INFINITY, "the credit limit is not a finite number"),
        (f64::NEG_INFINITY, "the credit limit is not a finite number"),
        (-0.01, "the credit limit is negative"),
    ] {
        assert_eq!(words(CreditLimit::new(bad).map(drop)), text, "{bad}");
    }
}

#[test]
fn begin_rejects_invalid_sign_in_settings() {
    let (capture, builder) = capture();
    let client = builder.build().unwrap();
    let authorize = || client.authorize_headless();
    for (result, what) in [
        (authorize().key_label("").begin(), "key label"),
        (authorize().key_label("l".repeat(101)).begin(), "key label"),
        (authorize().key_label("a\u{0}b").begin(), "key label"),
        (authorize().limit(f64::NAN).begin(), "credit limit"),
        (authorize().limit(f64::INFINITY).begin(), "credit limit"),
        (authorize().limit(-1.0).begin(), "credit limit"),
        (authorize().workspace_id("not-a-uuid").begin(), "workspace ID"),
        (authorize().required_workspace_id("").begin(), "workspace ID"),
        // The error names the first invalid value.
        (authorize().limit(-1.0).key_label("").key_label("good").begin(), "credit limit"),
    ] {
        assert_eq!(describe(&result.unwrap_err()), format!("Invalid({what})"));
    }
    let label = KeyLabel::parse("checked already").unwrap();
    let (url, _pending) = authorize().key_label(label).limit(CreditLimit::new(1.0).unwrap()).begin().unwrap();
    assert_eq!(query::parameter(url.as_str(), "key_label"), "checked already");
    capture.expect_no_request();
}

#[test]
fn build_rejects_invalid_client_settings() {
    for bad in ["a\r\nx: y", "\u{fc}", "a\0"] {
        for (built, what) in [
            (capture().1.user_agent(bad).build(), "user agent"),
            (capture().1.attribution(Attribution::new(bad)).build(), "attribution URL"),
            (
                capture().1.attribution(Attribution::new("https://my.app").title(bad)).build(),
                "attribution title",
            ),
            (
                capture().1.attribution(Attribution::new("https://my.app").categories(["a", bad])).build(),
                "attribution categories",
            ),
            (capture().1.base_url(bad).build(), "base URL"),
        ] {
            assert_eq!(describe(&built.unwrap_err()), format!("Invalid({what})"), "{bad:?}");
        }
    }
}

#[tokio::test]
async fn caller_cannot_set_a_header_of_the_sdk() {
    let (capture, builder) = capture();
    let client = builder.build().unwrap();
    for name in [
        "authorization",
        "Authorization",
        "proxy-authorization",
        "cookie",
        "host",
        "content-type",
        "content-length",
        "content-encoding",
        "transfer-encoding",
        "accept",
        "accept-encoding",
        "connection",
        "expect",
        "te",
        "upgrade",
    ] {
        let error = client.exchange_auth_code(exchange()).header(name, "x").await.unwrap_err();
        assert_eq!(describe(&error), "Invalid(header)", "{name}");
    }
    for (name, value) in
        [("", "x"), ("a b", "x"), ("a:", "x"), ("x", "a\r\nb: c"), ("x", "\0"), ("\u{fc}", "x")]
    {
        let error = client.exchange_auth_code(exchange()).header(name, value).await.unwrap_err();
        assert_eq!(describe(&error), "Invalid(header)", "{name}: {value}");
    }
    capture.expect_no_request();
}

#[tokio::test]
async fn later_option_does_not_hide_an_invalid_one() {
    let (capture, builder) = capture();
    let client = builder.build().unwrap();
    let call = client.exchange_auth_code(exchange()).base_url("http://evil");
    let error = call.base_url("https://openrouter.ai").header("x", "y").await.unwrap_err();
    assert_eq!(describe(&error), "Invalid(base URL)");
    capture.expect_no_request();
}

#[tokio::test]
async fn path_of_a_custom_endpoint_is_checked() {
    #[derive(serde::Serialize)]
    struct CustomEndpoint;

    impl Endpoint for CustomEndpoint {
        type Response = Value;
        const OPERATION: &'static str = "custom";
        const METHOD: Method = Method::GET;
        const PATH: &'static str = "/a b\r\n";
        const AUTH: Auth = Auth::None;
        const ENCODING: Encoding = Encoding::Empty;
        const RESEND: Resend = Resend::Always;
    }

    let (capture, builder) = capture();
    let error = builder.build().unwrap().call(CustomEndpoint).await.unwrap_err();
    assert_eq!(describe(&error), "Invalid(endpoint path)");
    capture.expect_no_request();
}

#[tokio::test]
async fn operation_without_its_key_returns_missing_key() {
    let capture = Capture::new(Response::new("{}".into()));
    let client = Client::builder().transport(capture.clone()).timer(ManualTimer::new()).build().unwrap();
    for operation in [Operation::CreateAuthCode, Operation::CurrentKey] {
        let error = operation.call(&client).await.unwrap_err();
        assert_eq!(describe(&error), "MissingKey", "{operation:?}");
        assert!(!error.may_have_been_sent());
    }
    capture.expect_no_request();
}

#[tokio::test]
async fn timeout_can_have_any_length() {
    for timeout in [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_nanos(1)] {
        let (capture, builder) = capture();
        let client = builder.timeout(timeout).build().unwrap();
        client.signing_keys().await.unwrap_err();
        assert_eq!(capture.expect_request_and_limits().1.timeout, Some(timeout));
    }
    // A call without any time is not sent.
    let (capture, builder) = capture();
    let error = builder.timeout(Duration::ZERO).build().unwrap().current_key().await.unwrap_err();
    assert_eq!(describe(&error), "NotSent, retryable");
    capture.expect_no_request();

    let never = Never::new();
    let builder = crate::support::builder().transport(never.clone()).timer(TokioTimer::new());
    let client = builder.timeout(Duration::MAX).build().unwrap();
    let call = tokio::spawn(client.current_key().into_future());
    crate::support::wait_until(|| never.sent() == 1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
}

/// The variables that a client reads.
const VARIABLES: [&str; 5] = [
    "OPENROUTER_API_KEY",
    "OPENROUTER_BASE_URL",
    "OPENROUTER_HTTP_REFERER",
    "OPENROUTER_APP_TITLE",
    "OPENROUTER_APP_CATEGORIES",
];

/// Runs this program again with only these variables. Returns what its client sent, or its error.
///
/// A process cannot safely change its own environment while other tests run.
fn with_variables(variables: &[(&str, &OsStr)]) -> Value {
    let mut command = child::isolated_command(&[], "input::child_reports_what_its_client_sends");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let (_, report) = stdout.split_once("REPORT ").unwrap_or_else(|| panic!("{stdout}"));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "nothing is logged");
    serde_json::from_str(report.lines().next().unwrap()).unwrap()
}

fn with_variable(name: &str, value: impl AsRef<OsStr>) -> Value {
    with_variables(&[(name, value.as_ref())])
}

#[tokio::test]
async fn child_reports_what_its_client_sends() {
    if !child::is_child() {
        return;
    }
    let capture = Capture::new(Response::new(r#"{"data":{}}"#.into()));
    let builder = Client::builder().env().transport(capture.clone()).without_deadline();
    let sent = match builder.build() {
        Ok(client) => client.current_key().await.map(drop),
        Err(error) => Err(error),
    };
    let report = match sent {
        Ok(()) => {
            let request = capture.expect_request();
            let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap());
            json!({
                "uri": request.uri().to_string(),
                "authorization": header("authorization"),
                "referer": header("http-referer"),
                "title": header("x-openrouter-title"),
                "categories": header("x-openrouter-categories"),
            })
        }
        Err(error) => json!({ "error": error.to_string() }),
    };
    // The shortcut returns the same error.
    if let Err(error) = Client::from_env() {
        assert_eq!(report["error"], error.to_string());
    }
    println!("REPORT {report}");
}

#[test]
fn client_reads_its_settings_from_the_environment() {
    let values = ["sk-or-v1-0e6f", "http://127.0.0.1:9/v2/", "https://my.app", "My app", "cli-agent,chat"];
    let variables: Vec<_> = VARIABLES.into_iter().zip(values.map(OsStr::new)).collect();
    // With this variable, the official TypeScript SDK logs secrets.
    let logging = [("OPENROUTER_DEBUG", OsStr::new("true")), ("RUST_LOG", OsStr::new("trace"))];
    assert_eq!(
        with_variables(&[&variables[..], &logging].concat()),
        json!({
            "uri": "http://127.0.0.1:9/v2/key",
            "authorization": "Bearer sk-or-v1-0e6f",
            "referer": "https://my.app",
            "title": "My app",
            "categories": "cli-agent,chat",
        })
    );
}

#[test]
fn empty_variable_counts_as_unset() {
    let empty: Vec<_> = VARIABLES[1..].iter().map(|&name| (name, OsStr::new(""))).collect();
    let with_key = [&empty[..], &[("OPENROUTER_API_KEY", OsStr::new(" key\n"))]].concat();
    assert_eq!(
        with_variables(&with_key),
        json!({
            "uri": "https://openrouter.ai/api/v1/key",
            "authorization": "Bearer key",
            "referer": null,
            "title": null,
            "categories": null,
        })
    );
    for variables in [&[][..], &[("OPENROUTER_API_KEY", OsStr::new(""))]] {
        assert_eq!(with_variables(variables)["error"], Error::MissingKey.to_string());
    }
}

#[test]
fn error_names_the_invalid_variable() {
    for name in VARIABLES {
        for bad in ["sk-or-v1-canary0f1e2d3c4b5a69788796a5b4c3d2e1f0\u{fc}", "a\u{7}canary-of-the-body-7d1f"]
        {
            let report = with_variable(name, bad);
            let error = report["error"].as_str().unwrap_or_else(|| panic!("{name}: {report}"));
            assert!(error.contains(name), "{name}: {error}");
            canary::assert_hidden(error, &canary::ALL);
        }
        let report = with_variable(name, not_unicode());
        let error = report["error"].as_str().unwrap();
        assert!(error.contains(name) && error.ends_with("is not Unicode"), "{error}");
    }
    for bad in ["http://openrouter.ai", "openrouter.ai", "http://127.0.0.1@evil", "https://a b"] {
        let report = with_variable("OPENROUTER_BASE_URL", bad);
        let error = report["error"].as_str().unwrap_or_else(|| panic!("{bad}: {report}"));
        assert!(error.contains("OPENROUTER_BASE_URL"), "{bad}: {error}");
    }
}

#[cfg(unix)]
fn not_unicode() -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(b"canary\xff".to_vec())
}

#[cfg(windows)]
fn not_unicode() -> OsString {
    // Half of a surrogate pair.
    let units: Vec<u16> = "canary".encode_utf16().chain([0xd800]).collect();
    std::os::windows::ffi::OsStringExt::from_wide(&units)
}
