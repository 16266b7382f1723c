//! Tests of reading every form of error response.
// C-23

use http::StatusCode;
use openrouter_oauth_models::{
    ApiError, AuthorizationCode, CallbackUrl, CodeChallenge, CodeChallengeMethod, CodeVerifier,
    CreateAuthCode, CurrentKey, ErrorEnvelope, ExchangeAuthCode, ExchangeToken, FederationPolicyId,
    OAuthErrorCode, RejectionReason, SubjectToken,
};

fn read(status: u16, body: impl AsRef<[u8]>) -> ApiError {
    ApiError::read(&CurrentKey::new(), None, StatusCode::from_u16(status).unwrap(), body.as_ref())
}

/// Checks the number and the message that are read from the body.
#[track_caller]
fn check(body: &str, code: Option<i64>, message: &str) {
    let error = read(400, body);
    assert_eq!(error.code(), code, "{body}");
    assert_eq!(error.message().as_str(), message, "{body}");
    assert_eq!(error.raw_body(), body.as_bytes());
}

#[test]
fn openrouter_envelope_is_read_in_any_order() {
    // C-23
    check(r#"{"error":{"message":"Invalid code","code":400}}"#, Some(400), "Invalid code");
    check(r#"{"error":{"code":400,"message":"Invalid code"}}"#, Some(400), "Invalid code");
    check(r#"{"user_id":"u","error":{"metadata":null,"message":"No.","code":-1}}"#, Some(-1), "No.");
    check(
        r#"{"openrouter_metadata":{"a":[1]},"error":{"code":400,"message":"No.","x":1},"y":{}}"#,
        Some(400),
        "No.",
    );
    check(r#"{"error":{"code":400,"message":""}}"#, Some(400), "");
}

#[test]
fn error_keeps_the_rest_of_the_envelope() {
    let body = r#"{"error":{"code":403,"message":"No.","metadata":{"reasons":["a"]}},"user_id":"user_1"}"#;
    let error = read(401, body);
    assert_eq!(error.operation(), "getCurrentKey");
    assert_eq!((error.status().as_u16(), error.code()), (401, Some(403)));
    assert_eq!(error.user_id(), Some("user_1"));
    assert_eq!(error.metadata().unwrap()["reasons"][0], "a");
    assert_eq!(serde_json::to_string(error.envelope().unwrap()).unwrap(), body);
    let body = r#"{"error":{"code":400,"message":"No."},"openrouter_metadata":{"region":"a"}}"#;
    let headers =
        http::HeaderMap::from_iter([(http::HeaderName::from_static("cf-ray"), "8f0c-LHR".parse().unwrap())]);
    let error = read(400, body);
    assert_eq!(error.request_id(), None);
    let error = error.with_headers(headers);
    assert_eq!(error.openrouter_metadata().unwrap()["region"], "a");
    assert_eq!(error.request_id().unwrap().as_str(), "8f0c-LHR");
    for without in [r#","metadata":null},"user_id":null}"#, "}}"] {
        let error = read(401, format!(r#"{{"error":{{"code":401,"message":"No."{without}"#));
        assert_eq!((error.code(), error.user_id(), error.metadata()), (Some(401), None, None));
    }
}

#[test]
fn body_almost_like_openrouters_is_foreign() {
    // C-23, A1: Azure writes the code as text, and most services for models leave it out.
    for body in [
        r#"{"error":{"code":"400","message":"Invalid code"}}"#,
        r#"{"error":{"code":null,"message":"Invalid code"}}"#,
        r#"{"error":{"code":400.5,"message":"Invalid code"}}"#,
        r#"{"error":{"code":1e400,"message":"Invalid code"}}"#,
        r#"{"error":{"message":"Invalid code"}}"#,
    ] {
        check(body, None, "Invalid code");
        assert!(!read(401, body).is_from_openrouter(), "{body}");
        assert_eq!(read(401, body).reason(), RejectionReason::NotFromOpenRouter, "{body}");
    }
}

#[test]
fn odd_field_does_not_lose_the_envelope() {
    // C-23, A3
    for body in [
        r#"{"error":{"code":401,"message":"Invalid code","metadata":"text"}}"#,
        r#"{"error":{"code":401,"message":"Invalid code"},"user_id":7}"#,
        r#"{"error":{"code":401,"message":"Invalid code"},"openrouter_metadata":[]}"#,
        r#"{"error":{"code":400,"code":401,"message":"Invalid code"}}"#,
        r#"{"error":"unavailable","error":{"code":401,"message":"Invalid code"}}"#,
    ] {
        check(body, Some(401), "Invalid code");
        assert!(read(400, body).is_from_openrouter(), "{body}");
    }
    assert_eq!(
        read(400, r#"{"error":"invalid_scope","error_description":7}"#).message().as_str(),
        "invalid_scope"
    );
}

#[test]
fn rfc_6749_envelope_is_read() {
    // C-23
    let error = read(
        400,
        r#"{"error":"invalid_grant","error_description":"Expired.","error_uri":"https://e.example"}"#,
    );
    assert_eq!(error.oauth_code(), Some(&OAuthErrorCode::InvalidGrant));
    assert_eq!(error.message().as_str(), "Expired.");
    check(r#"{"error":"invalid_scope"}"#, None, "invalid_scope");
    check(r#"{"error":"slow_down","error_description":null}"#, None, "slow_down");
    assert_eq!(read(400, r#"{"error":"slow_down"}"#).oauth_code().unwrap().as_str(), "slow_down");
}

#[test]
fn zod_envelope_is_read() {
    let body = r#"{"success":false,"error":{"name":"ZodError","message":"[\n  {\"path\":[\"code\"]}\n]"}}"#;
    let error = read(400, body);
    assert!(matches!(error.envelope(), Some(ErrorEnvelope::Zod(zod)) if zod.error.name == "ZodError"));
    assert_eq!(error.message().as_str(), r#"[   {"path":["code"]} ]"#);
    let issues = r#"[{"path":["code"],"message":"Required"},{"path":["a",0],"message":"Too short"},{"message":"No."}]"#;
    let (listed, text) = (format!(r#""issues":{issues}"#), format!(r#""message":{issues:?}"#));
    for faults in [listed, text] {
        let error = read(400, format!(r#"{{"success":false,"error":{{"name":"ZodError",{faults}}}}}"#));
        assert_eq!(error.message().as_str(), "code: Required; a.0: Too short; No.", "{faults}");
        assert!(error.is_from_openrouter());
    }
}

#[test]
fn plain_text_body_is_shown_only_if_known() {
    check("Malformed JSON in request body", None, "Malformed JSON in request body");
    check("\r\nMalformed JSON in request body\n", None, "Malformed JSON in request body");
    assert!(read(400, "Malformed JSON in request body").is_from_openrouter());
    for body in [
        "",
        " ",
        "upstream error sk-or-v1-canary",
        "<!DOCTYPE html><html><title>502 Bad Gateway</title></html>",
        "{",
        r#"{"error":{"code":400,"message":"Inva"#,
        r#"{"error":{"code":400,"message":"Invalid code"}}x"#,
        "null",
        "[]",
        "{}",
        "7",
        r#""Invalid code""#,
        r#"{"message":"Invalid code"}"#,
        r#"{"error":null}"#,
        r#"{"error":7}"#,
        r#"{"error":[]}"#,
        r#"{"error":{}}"#,
        r#"{"error":{"code":400,"message":null}}"#,
        r#"{"error":{"code":400,"message":7}}"#,
        "1e400",
    ] {
        check(body, None, "");
        let error = read(400, body);
        assert!(error.envelope().is_none() && !error.is_from_openrouter(), "{body}");
    }
    assert_eq!(read(502, "\u{feff}\0").message().as_str(), "");
    assert_eq!(read(502, b"\xff\xfe").message().as_str(), "");
}

#[test]
fn nesting_does_not_overflow_the_stack() {
    // C-23
    for open in ["[", "{\"a\":", "{\"error\":"] {
        read(500, open.repeat(1_000_000));
        read(500, format!(r#"{{"error":{{"code":400,"message":"No.","metadata":{}"#, open.repeat(1_000_000)));
    }
    let nested = ["[".repeat(1_000_000), "]".repeat(1_000_000)].concat();
    check(&format!(r#"{{"error":{{"code":400,"message":"No."}}}}{}"#, " ".repeat(9)), Some(400), "No.");
    read(500, format!(r#"{{"error":{{"code":400,"message":"No."}},"other":{nested}}}"#));
    let nested = ["[".repeat(3_000), "]".repeat(3_000)].concat();
    let error = read(500, format!(r#"{{"error":{{"code":400,"message":"No."}},"other":{nested}}}"#));
    assert_eq!(error.message().as_str(), "No.");
}

#[test]
fn large_body_is_not_parsed() {
    // C-13: once parsed, the list would take a hundred times the memory of its text.
    let list = vec!["{\"\":0}"; 2_000].join(",");
    let error =
        read(400, format!(r#"{{"error":{{"code":400,"message":"No.","metadata":{{"a":[{list}]}}}}}}"#));
    assert!(error.envelope().is_none());
    assert_eq!(error.message().as_str(), "");
}

#[test]
fn error_keeps_at_most_16_kib_of_the_body() {
    // C-13
    assert_eq!(read(500, "a".repeat(16 << 10)).raw_body().len(), 16 << 10);
    assert_eq!(read(500, "a".repeat(1 << 20)).raw_body().len(), 16 << 10);
}

#[test]
fn rejection_prints_one_line_of_printable_characters() {
    // C-23
    let message = "\u{1b}[31mInvalid\r\ncode\u{7}\u{202e}\u{9b}2J\u{0}".repeat(100);
    for body in [
        serde_json::json!({ "error": { "code": 400, "message": message } }),
        serde_json::json!({ "error": "invalid_grant", "error_description": message }),
    ] {
        let error = read(400, body.to_string());
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}'), "{text:?}");
            assert!(text.contains("Invalid code"), "{text}");
            assert!(text.chars().count() < 700);
        }
    }
    assert_eq!(
        read(401, r#"{"error":{"code":401,"message":"User not found."}}"#).to_string(),
        "looking up the key failed: OpenRouter responded with 401 Unauthorized: User not found."
    );
}

#[test]
fn foreign_response_prints_what_arrived() {
    let shown = |status, content_type: Option<&'static str>| {
        let headers =
            content_type.map(|text| (http::header::CONTENT_TYPE, http::HeaderValue::from_static(text)));
        read(status, "<html>").with_headers(headers.into_iter().collect()).to_string()
    };
    let perhaps = "; it may be a proxy, a firewall or a network's sign-in page";
    for (content_type, essence) in [
        (Some("text/html; charset=UTF-8"), "text/html"),
        (Some("Text/HTML"), "text/html"),
        (Some(""), "no content type"),
        (None, "no content type"),
    ] {
        assert_eq!(
            shown(403, content_type),
            format!("something other than OpenRouter responded (403, {essence}){perhaps}")
        );
    }
    for status in [520, 522, 530] {
        assert!(shown(status, None).starts_with("Cloudflare, in front of OpenRouter"), "{status}");
    }
    assert_eq!(shown(529, None), "OpenRouter is overloaded (529)");
}

#[test]
fn message_names_the_request() {
    let id = "7f1c0c2e-4a6e-4d0b-9c3a-1b7f1f0f2c11";
    let headers =
        http::HeaderMap::from_iter([(http::HeaderName::from_static("x-request-id"), id.parse().unwrap())]);
    let error = read(403, r#"{"error":{"message":"Invalid code","code":403}}"#).with_headers(headers);
    assert!(error.to_string().ends_with(&format!("Invalid code (request ID {id})")), "{error}");
}

#[test]
fn escaped_secret_is_not_shown() {
    // A11
    let code = "auth/\"code\\_abc123";
    let exchange = ExchangeAuthCode::new(AuthorizationCode::parse(code).unwrap());
    let escaped = code.chars().map(|c| format!("\\u{:04X}", c as u32)).collect::<Vec<_>>().concat();
    let half: String = escaped.replace("\\u0061", "a").replace("\\u002F", "\\/").replace("\\u0022", "\\\"");
    for echo in [escaped, half, serde_json::to_string(code).unwrap().trim_matches('"').to_owned()] {
        let body = format!(
            r#"{{"error":{{"code":400,"message":"x {echo}","metadata":{{"{echo}":["\n{echo}"]}}}}}}"#
        );
        let error = ApiError::read(&exchange, None, StatusCode::BAD_REQUEST, body.as_bytes());
        let metadata = error.metadata().unwrap();
        let shown = format!("{error} {error:?} {} {metadata:?}", serde_json::to_string(metadata).unwrap());
        assert_eq!(shown.matches("[redacted]").count(), 6, "{shown}");
        assert!(!shown.contains("abc123"), "{shown}");
    }
}

#[test]
fn echoed_secret_is_redacted() {
    // S-1
    const CODE: &str = "canary-code-0123456789";
    let long = "canary-0123456789-0123456789-0123456789-0123456789";
    let exchange = ExchangeAuthCode::new(AuthorizationCode::parse(CODE).unwrap())
        .pkce(CodeVerifier::parse(long).unwrap(), CodeChallengeMethod::S256);
    let create = CreateAuthCode::new(CallbackUrl::parse("https://myapp.com/").unwrap())
        .challenge(CodeChallenge::parse(long).unwrap(), CodeChallengeMethod::Plain);
    let token =
        ExchangeToken::new(FederationPolicyId::parse("policy").unwrap(), SubjectToken::parse(long).unwrap());
    let message = format!("Bad {CODE}, {long} and sk-or-v1-canary.");
    for body in [
        serde_json::json!({ "error": { "code": 400, "message": message } }),
        serde_json::json!({ "error": { "code": "400", "message": message } }),
        serde_json::json!({ "error": "invalid_request", "error_description": message }),
        serde_json::json!({ "error": message }),
        serde_json::json!({ "success": false, "error": { "name": "ZodError", "message": message } }),
        serde_json::json!(message),
    ] {
        let body = body.to_string();
        let shown = |error: ApiError| {
            assert_eq!(error.raw_body(), body.as_bytes());
            let envelope = serde_json::to_string(&error.envelope()).unwrap();
            format!("{error} {error:?} {error:#?} {} {envelope}", error.message())
        };
        let exchanged = shown(ApiError::read(&exchange, None, StatusCode::BAD_REQUEST, body.as_bytes()));
        assert!(!exchanged.contains("canary"), "{exchanged}");
        for other in [
            shown(ApiError::read(&create, None, StatusCode::BAD_REQUEST, body.as_bytes())),
            shown(ApiError::read(&token, None, StatusCode::BAD_REQUEST, body.as_bytes())),
        ] {
            assert!(!other.replace(CODE, "").contains("canary"), "{other}");
        }
    }
}

#[test]
fn secret_in_json_within_json_is_redacted() {
    // A11
    let request = ExchangeAuthCode::new(AuthorizationCode::parse("auth_code_abc123").unwrap());
    let read = |body: &str| ApiError::read(&request, None, StatusCode::BAD_REQUEST, body.as_bytes());
    let zod = read(
        r#"{"success":false,"error":{"name":"ZodError","message":"[{\"path\":[\"\\u0061uth_code_abc123\"],\"message\":\"\\u0061uth_code_abc123\"}]"}}"#,
    );
    assert_eq!(zod.message().as_str(), "[redacted]: [redacted]");
    assert_eq!(zod.envelope().unwrap().message(), "[redacted]: [redacted]");
    // `Value` decodes the text of this member once more.
    for name in ["$serde_json::private::RawValue", r"\u0024serde_json::private::RawValue"] {
        let raw = format!(r#"{{"echo":{{"{name}":"\"\\u0061uth_code_abc123\""}}}}"#);
        let error = read(&format!(
            r#"{{"error":{{"code":400,"message":"No.","metadata":{raw}}},"openrouter_metadata":{raw}}}"#
        ));
        let shown =
            format!("{:?} {:?} {:?}", error.envelope(), error.metadata(), error.openrouter_metadata());
        assert!(!shown.contains("auth_code_abc123"), "{shown}");
        assert_eq!(error.message().as_str(), "No.");
    }
}
