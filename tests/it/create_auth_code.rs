//! `POST /auth/keys/code`

use openrouter_oauth::{
    CallbackUrl, Client, CodeChallengeMethod, CreateAuthCode, CreditLimit, KeyLabel,
    models::{CodeChallenge, Nullable, Timestamp, UsageLimitType, WorkspaceId},
};
use openrouter_oauth_tests::{
    canary,
    server::{Server, Step},
};

use crate::support::{
    ANY, CHALLENGE, Operation, USER_AGENT_OF_APP, assert_sent, attributed, check_refusals, check_words,
    client, create, describe,
};

#[tokio::test]
async fn the_request_is_this_and_nothing_more() {
    // C-16: the key goes with it, once.
    let server = Server::start([Step::json(200, Operation::CreateAuthCode.success())]).await;
    let request = CreateAuthCode::new(CallbackUrl::parse("https://myapp.com/auth/callback").unwrap())
        .challenge(CodeChallenge::parse(CHALLENGE).unwrap(), CodeChallengeMethod::S256)
        .expires_at(Timestamp::parse("2027-12-31T23:59:00Z").unwrap())
        .key_label(KeyLabel::parse("My Custom Key").unwrap())
        .limit(CreditLimit::new(100.0).unwrap())
        .usage_limit_type(UsageLimitType::Monthly)
        .workspace_id(WorkspaceId::parse("0b4cbd62-5b2a-4c6e-9d0a-6a2f4f9b3f11").unwrap());
    attributed(&server).create_auth_code(request).await.unwrap();
    let authorization = format!("authorization: Bearer {}", canary::KEY);
    assert_sent(
        &server,
        &[
            "POST /api/v1/auth/keys/code HTTP/1.1",
            "accept-encoding: identity",
            "accept: application/json",
            &authorization,
            "content-length: 305",
            "content-type: application/json",
            "host: 127.0.0.1:PORT",
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
async fn absent_null_and_a_value_are_three_things() {
    let answer = Step::json(200, Operation::CreateAuthCode.success());
    for (request, body) in [
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
        let server = Server::start([answer.clone()]).await;
        client(&server).create_auth_code(request).await.unwrap();
        assert_eq!(server.request().body, body);
    }
}

#[tokio::test]
async fn the_documented_answer_is_read() {
    let server = Server::start([Step::json(200, Operation::CreateAuthCode.success())]).await;
    let code = client(&server).create_auth_code(create()).await.unwrap();
    assert_eq!(code.id.expose(), "auth_code_xyz789");
    assert_eq!(code.app_id, Some(12345));
    assert_eq!(code.created_at.unwrap().to_string(), "2025-08-24T10:30:00Z");
}

#[tokio::test]
async fn without_a_key_nothing_is_sent() {
    let server = Server::start([Step::json(200, "{}")]).await;
    let client = Client::builder().base_url(server.base_url()).build().unwrap();
    let error = client.create_auth_code(create()).await.unwrap_err();
    assert_eq!(describe(&error), "MissingKey");
    assert!(!error.may_have_been_sent());
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn every_status_is_told_whatever_the_body() {
    // F29, F32, F34
    check_refusals(
        Operation::CreateAuthCode,
        &[
            // Documented.
            (&[400], ANY, "Api InvalidRequest", 1),
            (&[401], ANY, "Api Unauthorized", 1),
            (&[403], ANY, "Api Forbidden", 1),
            (&[409], ANY, "Api Conflict, retryable", 1),
            (&[500], ANY, "OutcomeUnknown(Status) ServerError", 1),
            // Others.
            (&[404, 405], ANY, "Api NotFound", 1),
            (&[413, 415, 422], ANY, "Api InvalidRequest", 1),
            (&[429], ANY, "RateLimited RateLimited, retryable", 1),
            (&[402, 406, 417, 418, 451, 499], ANY, "Api Other", 1),
            (&[408, 421, 425], ANY, "Api Other, retryable", 1),
            (&[503], ANY, "ServiceUnavailable ServerError, retryable", 1),
            (&[501, 502, 504, 511, 599, 600, 999], ANY, "OutcomeUnknown(Status) ServerError", 1),
            // Cloudflare's.
            (&[520, 521, 522, 523, 524, 525, 526, 527, 530], ANY, "OutcomeUnknown(Status) ServerError", 1),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_words_of_an_exchange_mean_nothing_here() {
    check_words(
        Operation::CreateAuthCode,
        &[
            (400, r#"{"error":{"message":"Invalid code","code":400}}"#, "Api InvalidRequest"),
            (403, r#"{"error":{"code":403,"message":"Authorization code expired"}}"#, "Api Forbidden"),
        ],
    )
    .await;
}
