//! `GET /oauth/jwks`

use openrouter_oauth_tests::server::{Server, Step};

use crate::support::{ANY, Operation, USER_AGENT_OF_APP, assert_sent, attributed, check_refusals, client};

#[tokio::test]
async fn the_request_is_this_and_nothing_more() {
    // C-16
    let server = Server::start([Step::json(200, r#"{"keys":[]}"#)]).await;
    attributed(&server).signing_keys().await.unwrap();
    assert_sent(
        &server,
        &[
            "GET /api/v1/oauth/jwks HTTP/1.1",
            "accept-encoding: identity",
            "accept: application/json",
            "host: 127.0.0.1:PORT",
            "http-referer: https://my.app",
            USER_AGENT_OF_APP,
            "x-openrouter-categories: cli-agent,ide-extension",
            "x-openrouter-title: My app",
            "",
            "",
        ],
    );
}

#[tokio::test]
async fn the_documented_answer_is_read() {
    let server = Server::start([Step::json(
        200,
        r#"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"k1","x":"eA","y":"eQ"},
            {"kty":"OKP","kid":"k2","new":1}]}"#,
    )])
    .await;
    let keys = client(&server).signing_keys().await.unwrap();
    let key = keys.find("k1").unwrap();
    assert_eq!((key.kty.as_str(), key.usage.as_deref()), ("EC", Some("sig")));
    assert_eq!((key.x.as_deref(), key.y.as_deref()), (Some("eA"), Some("eQ")));
    assert_eq!(keys.find("k2").unwrap().crv, None);
    assert_eq!(keys.find("k3"), None);
}

#[tokio::test]
async fn every_status_is_told_whatever_the_body() {
    check_refusals(
        Operation::SigningKeys,
        &[
            // Documented.
            (&[500], ANY, "Api ServerError, retryable", 3),
            // Others.
            (&[400, 413, 415, 422], ANY, "Api InvalidRequest", 1),
            (&[401], ANY, "Api Unauthorized", 1),
            (&[403], ANY, "Api Forbidden", 1),
            (&[404, 405], ANY, "Api NotFound", 1),
            (&[409], ANY, "Api Conflict, retryable", 1),
            (&[429], ANY, "RateLimited RateLimited, retryable", 3),
            (&[402, 406, 418, 451, 499], ANY, "Api Other", 1),
            (&[408, 421, 425], ANY, "Api Other, retryable", 3),
            (&[503], ANY, "ServiceUnavailable ServerError, retryable", 3),
            (&[501, 502, 504, 520, 522, 524, 599], ANY, "Api ServerError, retryable", 3),
        ],
    )
    .await;
}
