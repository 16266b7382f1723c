//! Tests of the reason for a rejection, in every wording.
// C-26

use http::StatusCode;
use openrouter_oauth_models::{
    ApiError, AuthorizationCode, CallbackUrl, CreateAuthCode, CurrentKey, Endpoint, ExchangeAuthCode,
    ExchangeToken, FederationPolicyId, RejectionReason, SubjectToken,
};
use serde_json::json;

fn exchange() -> ExchangeAuthCode {
    ExchangeAuthCode::new(AuthorizationCode::parse("auth_code_abc123").unwrap())
}

fn token() -> ExchangeToken {
    ExchangeToken::new(FederationPolicyId::parse("policy").unwrap(), SubjectToken::parse("a.b.c").unwrap())
}

#[track_caller]
fn check<E: Endpoint>(request: &E, status: u16, body: &str, reason: RejectionReason) {
    let error = ApiError::read(request, None, StatusCode::from_u16(status).unwrap(), body.as_bytes());
    assert_eq!(error.reason(), reason, "{status} {body}");
}

/// Checks both statuses of a rejected code, in OpenRouter's own envelope.
#[track_caller]
fn check_message(message: &str, reason: RejectionReason) {
    for status in [400, 403] {
        let body = json!({ "error": { "code": status, "message": message } });
        check(&exchange(), status, &body.to_string(), reason);
    }
}

#[test]
fn rejected_code_is_recognized_by_message_not_by_status() {
    // C-26
    check_message("Invalid code", RejectionReason::CodeInvalid);
    check_message("Invalid code or code_verifier", RejectionReason::CodeInvalid);
    check_message("Authorization code expired", RejectionReason::CodeExpired);
    check_message("Invalid code_challenge_method", RejectionReason::ChallengeMethodMismatch);
}

#[test]
fn reason_survives_small_changes_of_the_message() {
    // C-26
    for message in
        ["invalid code", "INVALID CODE", "Invalid code.", "Error: invalid code!", "\u{1b}[31mInvalid code"]
    {
        check_message(message, RejectionReason::CodeInvalid);
    }
    for message in [
        "Code has expired",
        "The code has expired",
        "EXPIRED",
        "The authorization code is expired.",
        "Invalid code: expired",
    ] {
        check_message(message, RejectionReason::CodeExpired);
    }
    for message in [
        "code challenge method does not match",
        "The code challenge method differs",
        "Invalid Code_Challenge_Method: plain",
    ] {
        check_message(message, RejectionReason::ChallengeMethodMismatch);
    }
    for message in [
        "code verifier mismatch",
        "Verifier missing",
        "Verifier does not match",
        "invalid code or code verifier",
    ] {
        check_message(message, RejectionReason::CodeInvalid);
    }
}

#[test]
fn unknown_message_means_a_rejected_code() {
    // C-26
    for message in [
        "",
        " ",
        "Forbidden",
        "Code already used",
        "Ung\u{fc}ltiger Code",
        "Only management keys can perform this operation",
    ] {
        check_message(message, RejectionReason::CodeRejected);
    }
}

#[test]
fn status_without_an_envelope_is_not_openrouters() {
    // A1
    let foreign = RejectionReason::NotFromOpenRouter;
    for body in [
        "",
        "<html>blocked</html>",
        "{}",
        "[]",
        "null",
        r#"{"error":{"code":403}}"#,
        r#"{"error":"Forbidden"}"#,
        r#"{"message":"Forbidden"}"#,
        r#"{"timestamp":1,"status":403,"error":"Forbidden","path":"/"}"#,
        r#"{"success":false,"errors":[{"code":1,"message":"No."}]}"#,
    ] {
        for status in [400, 401, 403, 404, 405, 408, 409, 413, 421, 425, 429, 451, 500, 502, 503, 522, 529] {
            check(&exchange(), status, body, foreign);
            check(&CurrentKey::new(), status, body, foreign);
            check(&token(), status, body, foreign);
        }
    }
}

#[test]
fn malformed_request_is_not_a_rejected_code() {
    let zod = r#"{"success":false,"error":{"name":"ZodError","message":"[{\"path\":[\"code\"]}]"}}"#;
    check(&exchange(), 400, zod, RejectionReason::InvalidRequest);
    check(&exchange(), 400, "Malformed JSON in request body\n", RejectionReason::InvalidRequest);
}

#[test]
fn words_of_rfc_6749_count_everywhere() {
    check(&exchange(), 400, r#"{"error":"invalid_grant"}"#, RejectionReason::CodeRejected);
    let described = r#"{"error":"invalid_grant","error_description":"code expired"}"#;
    check(&exchange(), 400, described, RejectionReason::CodeExpired);
    check(&CurrentKey::new(), 502, r#"{"error":"server_error"}"#, RejectionReason::ServerError);
    check(&exchange(), 400, r#"{"error":"slow_down"}"#, RejectionReason::NotFromOpenRouter);
}

#[test]
fn other_rejections_follow_the_status() {
    for (status, reason) in [
        (400, RejectionReason::InvalidRequest),
        (401, RejectionReason::Unauthorized),
        (402, RejectionReason::Other),
        (403, RejectionReason::Forbidden),
        (404, RejectionReason::NotFound),
        (405, RejectionReason::NotFound),
        (409, RejectionReason::Conflict),
        (413, RejectionReason::InvalidRequest),
        (415, RejectionReason::InvalidRequest),
        (418, RejectionReason::Other),
        (422, RejectionReason::InvalidRequest),
        (429, RejectionReason::RateLimited),
        (500, RejectionReason::ServerError),
        (503, RejectionReason::ServerError),
        (524, RejectionReason::ServerError),
        (599, RejectionReason::ServerError),
    ] {
        let envelope = json!({ "error": { "code": status, "message": "No." } }).to_string();
        check(&CurrentKey::new(), status, &envelope, reason);
        if !matches!(status, 400 | 403) {
            check(&exchange(), status, &envelope, reason);
        }
    }
}

#[test]
fn code_messages_count_only_in_an_exchange() {
    let create = CreateAuthCode::new(CallbackUrl::parse("https://myapp.com/").unwrap());
    for message in ["Invalid code", "Authorization code expired"] {
        let body = json!({ "error": { "code": 400, "message": message } }).to_string();
        for (status, reason) in [(400, RejectionReason::InvalidRequest), (403, RejectionReason::Forbidden)] {
            check(&create, status, &body, reason);
            check(&CurrentKey::new(), status, &body, reason);
        }
    }
}

#[test]
fn rejected_key_is_unauthorized_in_either_wording() {
    for message in ["User not found.", "Missing Authentication header"] {
        let body = json!({ "error": { "code": 401, "message": message } });
        check(&CurrentKey::new(), 401, &body.to_string(), RejectionReason::Unauthorized);
    }
}

#[test]
fn status_overrides_the_number_in_the_body() {
    // C-23
    check(
        &CurrentKey::new(),
        401,
        r#"{"error":{"code":500,"message":"No."}}"#,
        RejectionReason::Unauthorized,
    );
    check(
        &exchange(),
        500,
        r#"{"error":{"code":400,"message":"Invalid code"}}"#,
        RejectionReason::ServerError,
    );
}

#[test]
fn number_in_the_body_overrides_a_success_status() {
    check(
        &exchange(),
        200,
        r#"{"error":{"code":400,"message":"Invalid code"}}"#,
        RejectionReason::CodeInvalid,
    );
    check(
        &CurrentKey::new(),
        200,
        r#"{"error":{"code":401,"message":"User not found."}}"#,
        RejectionReason::Unauthorized,
    );
    for code in [-1, 0, 200, 65_937, i64::MAX] {
        let body = json!({ "error": { "code": code, "message": "No." } });
        check(&CurrentKey::new(), 200, &body.to_string(), RejectionReason::Other);
    }
}

#[test]
fn rejected_token_is_recognized_by_its_error_code() {
    for (status, code, reason) in [
        (400, "invalid_grant", RejectionReason::InvalidGrant),
        (400, "invalid_request", RejectionReason::InvalidRequest),
        (400, "invalid_scope", RejectionReason::InvalidRequest),
        (400, "unsupported_grant_type", RejectionReason::InvalidRequest),
        (400, "something_new", RejectionReason::InvalidRequest),
        (400, "server_error", RejectionReason::ServerError),
        (429, "invalid_request", RejectionReason::RateLimited),
        (429, "something_new", RejectionReason::RateLimited),
        (500, "server_error", RejectionReason::ServerError),
        (503, "temporarily_unavailable", RejectionReason::ServerError),
        (503, "something_new", RejectionReason::ServerError),
    ] {
        check(&token(), status, &json!({ "error": code }).to_string(), reason);
    }
}
