//! `POST /auth/keys/code`

use http::Response;
use openrouter_oauth::{
    CallbackUrl, CodeChallengeMethod, CreateAuthCode, CreditLimit, KeyLabel,
    models::{CodeChallenge, Nullable, Timestamp, UsageLimitType, WorkspaceId},
};
use openrouter_oauth_tests::canary;
use openrouter_oauth_transport::testing::Capture;

use crate::support::{
    CHALLENGE, Operation, USER_AGENT_OF_APP, assert_sent, attributed, body, client, create,
};

#[tokio::test]
async fn request_has_exactly_these_parts() {
    // C-16: the request carries the key, once.
    let capture = Capture::new(Response::new(Operation::CreateAuthCode.success().into()));
    let request = CreateAuthCode::new(CallbackUrl::parse("https://myapp.com/auth/callback").unwrap())
        .challenge(CodeChallenge::parse(CHALLENGE).unwrap(), CodeChallengeMethod::S256)
        .expires_at(Timestamp::parse("2027-12-31T23:59:00Z").unwrap())
        .key_label(KeyLabel::parse("My Custom Key").unwrap())
        .limit(CreditLimit::new(100.0).unwrap())
        .usage_limit_type(UsageLimitType::Monthly)
        .workspace_id(WorkspaceId::parse("0b4cbd62-5b2a-4c6e-9d0a-6a2f4f9b3f11").unwrap());
    attributed(capture.clone()).create_auth_code(request).await.unwrap();
    let authorization = format!("authorization: Bearer {}", canary::KEY);
    assert_sent(
        &capture,
        &[
            "POST https://openrouter.ai/api/v1/auth/keys/code",
            "accept-encoding: identity",
            "accept: application/json",
            &authorization,
            "content-type: application/json",
            "http-referer: https://my.app",
            USER_AGENT_OF_APP,
            "x-openrouter-categories: cli-agent,ide-extension",
            "x-openrouter-title: My app",
            "",
            concat!(
                r#"{"callback_url":"https://myapp.com/auth/callback","#,
                r#""code_challenge":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM","code_challenge_method":"S256","#,
                r#""expires_at":"2027-12-31T23:59:00Z","key_label":"My Custom Key","limit":100.0,"#,
                r#""usage_limit_type":"monthly","workspace_id":"0b4cbd62-5b2a-4c6e-9d0a-6a2f4f9b3f11"}"#
            ),
        ],
    );
}

#[tokio::test]
async fn absent_null_and_value_are_sent_differently() {
    for (request, expected) in [
        (create(), r#"{"callback_url":"https://my.app/callback"}"#),
        (
            create().expires_at(Nullable::Null),
            r#"{"callback_url":"https://my.app/callback","expires_at":null}"#,
        ),
        (
            create().expires_at(Timestamp::from_unix_seconds(0).unwrap()),
            r#"{"callback_url":"https://my.app/callback","expires_at":"1970-01-01T00:00:00Z"}"#,
        ),
    ] {
        let capture = Capture::new(Response::new(Operation::CreateAuthCode.success().into()));
        client(capture.clone()).create_auth_code(request).await.unwrap();
        assert_eq!(body(&capture.expect_request()), expected);
    }
}

#[tokio::test]
async fn documented_response_is_read() {
    let capture = Capture::new(Response::new(Operation::CreateAuthCode.success().into()));
    let code = client(capture).create_auth_code(create()).await.unwrap();
    assert_eq!(code.id.expose(), "auth_code_xyz789");
    assert_eq!(code.app_id, Some(12345));
    assert_eq!(code.created_at.unwrap().to_string(), "2025-08-24T10:30:00Z");
}
