//! `POST /auth/keys`

use http::Response;
use openrouter_oauth::{AuthorizationCode, CodeChallengeMethod, ExchangeAuthCode, models::CodeVerifier};
use openrouter_oauth_transport::testing::Capture;

use crate::support::{
    GRANT, USER_AGENT, USER_AGENT_OF_APP, VERIFIER, assert_sent, attributed, client, response,
};

fn documented() -> ExchangeAuthCode {
    let code = AuthorizationCode::parse("auth_code_abc123def456").unwrap();
    ExchangeAuthCode::new(code).pkce(CodeVerifier::parse(VERIFIER).unwrap(), CodeChallengeMethod::S256)
}

#[tokio::test]
async fn request_has_exactly_these_parts() {
    // C-16: the client has a key, but an exchange does not carry it.
    let capture = Capture::new(Response::new(GRANT.into()));
    attributed(capture.clone()).exchange_auth_code(documented()).await.unwrap();
    assert_sent(
        &capture,
        &[
            "POST https://openrouter.ai/api/v1/auth/keys",
            "accept-encoding: identity",
            "accept: application/json",
            "content-type: application/json",
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
async fn unset_fields_are_not_sent() {
    let capture = Capture::new(Response::new(GRANT.into()));
    let code = AuthorizationCode::parse("a \"b\" c").unwrap();
    client(capture.clone()).exchange_auth_code(ExchangeAuthCode::new(code)).await.unwrap();
    assert_sent(
        &capture,
        &[
            "POST https://openrouter.ai/api/v1/auth/keys",
            "accept-encoding: identity",
            "accept: application/json",
            "content-type: application/json",
            USER_AGENT,
            "",
            r#"{"code":"a \"b\" c"}"#,
        ],
    );
}

#[tokio::test]
async fn documented_response_is_read() {
    let body = r#"{"key":"sk-or-v1-0e6f44a47a05","user_id":"user_2yOPcMpKoQhcd4bVgSMlELRaIah"}"#;
    let capture = Capture::new(response(200, &[("cf-ray", "9a1b")], body));
    let exchanged =
        client(capture.clone()).exchange_auth_code(documented()).send_with_response().await.unwrap();
    assert_eq!((exchanged.status().as_u16(), exchanged.attempts()), (200, 1));
    assert_eq!(exchanged.headers()["cf-ray"], "9a1b");
    let grant = exchanged.into_inner();
    assert_eq!(grant.key.expose(), "sk-or-v1-0e6f44a47a05");
    assert_eq!(grant.user_id.as_deref(), Some("user_2yOPcMpKoQhcd4bVgSMlELRaIah"));
    capture.expect_request();
}
