//! `GET /oauth/jwks`

use http::Response;
use openrouter_oauth_transport::testing::Capture;

use crate::support::{Operation, USER_AGENT_OF_APP, assert_sent, attributed, client};

#[tokio::test]
async fn request_has_exactly_these_parts() {
    // C-16
    let capture = Capture::new(Response::new(Operation::SigningKeys.success().into()));
    attributed(capture.clone()).signing_keys().await.unwrap();
    assert_sent(
        &capture,
        &[
            "GET https://openrouter.ai/api/v1/oauth/jwks",
            "accept-encoding: identity",
            "accept: application/json",
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
async fn documented_response_is_read() {
    let body = r#"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"k1","x":"eA","y":"eQ"},
            {"kty":"OKP","kid":"k2","new":1}]}"#;
    let keys = client(Capture::new(Response::new(body.into()))).signing_keys().await.unwrap();
    let key = keys.find("k1").unwrap();
    assert_eq!((key.kty.as_str(), key.usage.as_deref()), ("EC", Some("sig")));
    assert_eq!((key.x.as_deref(), key.y.as_deref()), (Some("eA"), Some("eQ")));
    assert_eq!(keys.find("k2").unwrap().crv, None);
    assert_eq!(keys.find("k3"), None);
}
