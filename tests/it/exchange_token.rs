//! `POST /oauth/token`

use openrouter_oauth::{
    ExchangeToken, FederationPolicyId,
    models::{SubjectToken, TokenFormat, TokenScope, TokenType},
};
use openrouter_oauth_tests::server::{Server, Step};

use crate::support::{
    ANY, Operation, USER_AGENT_OF_APP, assert_sent, attributed, check_refusals, check_words, client, token,
};

#[tokio::test]
async fn the_request_is_this_and_nothing_more() {
    // C-16: the token is the credential, and no key goes with it.
    let server = Server::start([Step::json(200, Operation::ExchangeToken.success())]).await;
    let request = ExchangeToken::new(
        FederationPolicyId::parse("policy-1&2").unwrap(),
        SubjectToken::parse("a.b+c.d=").unwrap(),
    )
    .requested_token_type(TokenFormat::AccessToken)
    .scope(TokenScope::Inference);
    attributed(&server).exchange_token(request).await.unwrap();
    assert_sent(
        &server,
        &[
            "POST /api/v1/oauth/token HTTP/1.1",
            "accept-encoding: identity",
            "accept: application/json",
            "content-length: 288",
            "content-type: application/x-www-form-urlencoded",
            "host: 127.0.0.1:PORT",
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
async fn what_is_not_set_is_not_sent() {
    let server = Server::start([Step::json(200, Operation::ExchangeToken.success())]).await;
    client(&server).exchange_token(token()).await.unwrap();
    let body = server.request().body;
    assert!(!body.contains("scope") && !body.contains("requested"), "{body}");
}

#[tokio::test]
async fn the_documented_answer_is_read() {
    let server = Server::start([Step::json(
        200,
        r#"{"access_token":"eyJ.eyJ.c2ln","expires_in":900,"scope":"inference","token_type":"Bearer",
            "issued_token_type":"urn:ietf:params:oauth:token-type:access_token","more":null}"#,
    )])
    .await;
    let token = client(&server).exchange_token(token()).await.unwrap();
    assert_eq!(token.access_token.expose(), "eyJ.eyJ.c2ln");
    assert_eq!(token.expires_in, Some(900));
    assert_eq!(token.scope, Some(TokenScope::Inference));
    assert_eq!(token.token_type, TokenType::Bearer);
    assert_eq!(token.issued_token_type, TokenFormat::AccessToken);
}

#[tokio::test]
async fn every_status_is_told_whatever_the_body() {
    check_refusals(
        Operation::ExchangeToken,
        &[
            // Documented.
            (&[400], ANY, "Api InvalidRequest", 1),
            (&[429], ANY, "RateLimited RateLimited, retryable", 3),
            (&[500], ANY, "Api ServerError, retryable", 3),
            (&[503], ANY, "ServiceUnavailable ServerError, retryable", 3),
            // Others.
            (&[401], ANY, "Api Unauthorized", 1),
            (&[403], ANY, "Api Forbidden", 1),
            (&[404, 405], ANY, "Api NotFound", 1),
            (&[409], ANY, "Api Conflict, retryable", 1),
            (&[413, 415, 422], ANY, "Api InvalidRequest", 1),
            (&[402, 406, 418, 451, 499], ANY, "Api Other", 1),
            (&[408, 421, 425], ANY, "Api Other, retryable", 3),
            (&[501, 502, 504, 520, 522, 524, 599], ANY, "Api ServerError, retryable", 3),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_codes_of_rfc_6749_are_told() {
    check_words(
        Operation::ExchangeToken,
        &[
            (400, r#"{"error":"invalid_request","error_description":"No."}"#, "Api InvalidRequest"),
            (400, r#"{"error":"invalid_grant","error_description":"Expired."}"#, "Api InvalidGrant"),
            (400, r#"{"error":"unsupported_grant_type","error_description":"No."}"#, "Api InvalidRequest"),
            (400, r#"{"error":"invalid_scope","error_description":"No."}"#, "Api InvalidRequest"),
            (400, r#"{"error":"a_new_one"}"#, "Api InvalidRequest"),
            (500, r#"{"error":"server_error","error_description":"No."}"#, "Api ServerError, retryable"),
            (
                503,
                r#"{"error":"temporarily_unavailable","error_description":"No."}"#,
                "ServiceUnavailable ServerError, retryable",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_code_of_rfc_6749_is_at_hand() {
    let body = r#"{"error":"invalid_grant","error_description":"The token has expired."}"#;
    let server = Server::start([Step::json(400, body)]).await;
    let error = client(&server).exchange_token(token()).await.unwrap_err();
    let api = error.api().unwrap();
    assert_eq!(api.oauth_code().unwrap().as_str(), "invalid_grant");
    assert_eq!(api.message().as_str(), "The token has expired.");
    assert_eq!(
        error.to_string(),
        "OpenRouter answered createOauthToken with 400 Bad Request: The token has expired."
    );
}
