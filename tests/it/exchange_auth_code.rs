//! `POST /auth/keys`

use openrouter_oauth::{AuthorizationCode, CodeChallengeMethod, ExchangeAuthCode, models::CodeVerifier};
use openrouter_oauth_tests::server::{Server, Step};

use crate::support::{
    ANY, GRANT, Operation, Shape, USER_AGENT, USER_AGENT_OF_APP, VERIFIER, assert_sent, attributed,
    check_refusals, check_words, client,
};

fn documented() -> ExchangeAuthCode {
    let code = AuthorizationCode::parse("auth_code_abc123def456").unwrap();
    ExchangeAuthCode::new(code).pkce(CodeVerifier::parse(VERIFIER).unwrap(), CodeChallengeMethod::S256)
}

#[tokio::test]
async fn the_request_is_this_and_nothing_more() {
    // C-16: the client has a key, and it does not go with an exchange.
    let server = Server::start([Step::json(200, GRANT)]).await;
    attributed(&server).exchange_auth_code(documented()).await.unwrap();
    assert_sent(
        &server,
        &[
            "POST /api/v1/auth/keys HTTP/1.1",
            "accept-encoding: identity",
            "accept: application/json",
            "content-length: 126",
            "content-type: application/json",
            "host: 127.0.0.1:PORT",
            "http-referer: https://my.app",
            USER_AGENT_OF_APP,
            "x-openrouter-categories: cli-agent,ide-extension",
            "x-openrouter-title: My app",
            "",
            concat!(
                r#"{"code":"auth_code_abc123def456","#,
                r#""code_verifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk","code_challenge_method":"S256"}"#
            ),
        ],
    );
}

#[tokio::test]
async fn what_is_not_set_is_not_sent() {
    let server = Server::start([Step::json(200, GRANT)]).await;
    let code = AuthorizationCode::parse("a \"b\" c").unwrap();
    client(&server).exchange_auth_code(ExchangeAuthCode::new(code)).await.unwrap();
    assert_sent(
        &server,
        &[
            "POST /api/v1/auth/keys HTTP/1.1",
            "accept-encoding: identity",
            "accept: application/json",
            "content-length: 20",
            "content-type: application/json",
            "host: 127.0.0.1:PORT",
            USER_AGENT,
            "",
            r#"{"code":"a \"b\" c"}"#,
        ],
    );
}

#[tokio::test]
async fn the_documented_answer_is_read() {
    let server = Server::start([Step::with(
        200,
        &[("content-type", "application/json"), ("cf-ray", "9a1b")],
        r#"{"key":"sk-or-v1-0e6f44a47a05","user_id":"user_2yOPcMpKoQhcd4bVgSMlELRaIah"}"#,
    )])
    .await;
    let answer = client(&server).exchange_auth_code(documented()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.attempts()), (200, 1));
    assert_eq!(answer.headers()["cf-ray"], "9a1b");
    let grant = answer.into_inner();
    assert_eq!(grant.key.expose(), "sk-or-v1-0e6f44a47a05");
    assert_eq!(grant.user_id.as_deref(), Some("user_2yOPcMpKoQhcd4bVgSMlELRaIah"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn every_status_is_told_whatever_the_body() {
    // F29, F32, F34
    let refused: &[Shape] = &[Shape::Nested, Shape::OAuth, Shape::Html, Shape::Empty, Shape::Torn];
    check_refusals(
        Operation::ExchangeAuthCode,
        &[
            // Documented.
            (&[400, 403], refused, "Api CodeRejected", 1),
            (&[400, 403], &[Shape::Zod, Shape::Text], "Api InvalidRequest", 1),
            (&[500], ANY, "OutcomeUnknown(Status) ServerError", 1),
            // Others.
            (&[401], ANY, "Api Unauthorized", 1),
            (&[404, 405], ANY, "Api NotFound", 1),
            (&[409], ANY, "Api Conflict, retryable", 1),
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
async fn the_words_tell_why_a_code_was_refused() {
    // C-26
    check_words(
        Operation::ExchangeAuthCode,
        &[
            (400, r#"{"error":{"message":"Invalid code","code":400}}"#, "Api CodeInvalid"),
            (
                400,
                r#"{"error":{"message":"Invalid code_challenge_method","code":400}}"#,
                "Api ChallengeMethodMismatch",
            ),
            (403, r#"{"error":{"code":403,"message":"Invalid code or code_verifier"}}"#, "Api CodeInvalid"),
            (403, r#"{"error":{"code":403,"message":"Authorization code expired"}}"#, "Api CodeExpired"),
            (
                403,
                r#"{"error":{"code":403,"message":"Only management keys can perform this operation"}}"#,
                "Api CodeRejected",
            ),
        ],
    )
    .await;
}
