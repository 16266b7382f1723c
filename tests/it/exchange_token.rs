//! `POST /oauth/token`

use http::Response;
use openrouter_oauth::{
    ExchangeToken, FederationPolicyId,
    models::{SubjectToken, TokenFormat, TokenScope, TokenType},
};
use openrouter_oauth_transport::testing::Capture;

use crate::support::{Operation, USER_AGENT_OF_APP, assert_sent, attributed, body, client, response, token};

#[tokio::test]
async fn request_has_exactly_these_parts() {
    // C-16: the token is the credential, so the request carries no key.
    let capture = Capture::new(Response::new(Operation::ExchangeToken.success().into()));
    let request = ExchangeToken::new(
        FederationPolicyId::parse("policy-1&2").unwrap(),
        SubjectToken::parse("a.b+c.d=").unwrap(),
    )
    .requested_token_type(TokenFormat::AccessToken)
    .scope(TokenScope::Inference);
    attributed(capture.clone()).exchange_token(request).await.unwrap();
    assert_sent(
        &capture,
        &[
            "POST https://openrouter.ai/api/v1/oauth/token",
            "accept-encoding: identity",
            "accept: application/json",
            "content-type: application/x-www-form-urlencoded",
            "http-referer: https://my.app",
            USER_AGENT_OF_APP,
            "x-openrouter-categories: cli-agent,ide-extension",
            "x-openrouter-title: My app",
            "",
            concat!(
                "federation_policy_id=policy-1%262",
                "&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange",
                "&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token",
                "&scope=inference&subject_token=a.b%2Bc.d%3D",
                "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"
            ),
        ],
    );
}

#[tokio::test]
async fn unset_fields_are_not_sent() {
    let capture = Capture::new(Response::new(Operation::ExchangeToken.success().into()));
    client(capture.clone()).exchange_token(token()).await.unwrap();
    let request = capture.expect_request();
    let body = body(&request);
    assert!(!body.contains("scope") && !body.contains("requested"), "{body}");
}

#[tokio::test]
async fn documented_response_is_read() {
    let body = r#"{"access_token":"eyJ.eyJ.c2ln","expires_in":900,"scope":"inference","token_type":"Bearer",
            "issued_token_type":"urn:ietf:params:oauth:token-type:access_token","more":null}"#;
    let token = client(Capture::new(Response::new(body.into()))).exchange_token(token()).await.unwrap();
    assert_eq!(token.access_token.expose(), "eyJ.eyJ.c2ln");
    assert_eq!(token.expires_in, Some(900));
    assert_eq!(token.scope, Some(TokenScope::Inference));
    assert_eq!(token.token_type, Some(TokenType::Bearer));
    assert_eq!(token.issued_token_type, Some(TokenFormat::AccessToken));
}

#[tokio::test]
async fn error_exposes_the_rfc_6749_code() {
    let body = r#"{"error":"invalid_grant","error_description":"The token has expired."}"#;
    let error = client(Capture::new(response(400, &[], body))).exchange_token(token()).await.unwrap_err();
    let api = error.api().unwrap();
    assert_eq!(api.oauth_code().unwrap().as_str(), "invalid_grant");
    assert_eq!(api.message().as_str(), "The token has expired.");
    assert_eq!(
        error.to_string(),
        "exchanging the token failed: OpenRouter responded with 400 Bad Request: The token has expired."
    );
}
