//! The host that may be called over plain `http`.

use openrouter_oauth::{AuthorizationCode, Client, Error, HeadlessSignIn, transport::testing::Never};

use crate::support::{GRANT, KEYS, exchange, respond, scripted};

const EMULATOR: &str = "http://emulator:8080/api/v1";

#[tokio::test]
async fn sign_in_over_http_works_with_the_named_host() {
    let (replay, builder) = scripted([respond(200, GRANT)]);
    let client = builder.base_url(EMULATOR).dangerously_allow_http("Emulator").build().unwrap();
    let (url, sign_in) = client.authorize_headless().begin().unwrap();
    assert!(url.as_str().starts_with("http://emulator:8080/auth?"), "{}", url.as_str());
    let stored = sign_in.into_secret_json().unwrap();
    let mut sign_in = HeadlessSignIn::from_secret_json(stored.expose()).unwrap();
    let code = AuthorizationCode::parse("auth_code_abc123").unwrap();
    assert_eq!(sign_in.exchange(&client, &code).await.unwrap().key.expose(), "sk-or-v1-0e6f");
    replay.verify();
}

#[tokio::test]
async fn stored_sign_in_goes_only_to_its_own_origin() {
    let (_, builder) = scripted([]);
    let client = builder.base_url(EMULATOR).dangerously_allow_http("emulator").build().unwrap();
    let (_, sign_in) = client.authorize_headless().begin().unwrap();
    let stored = sign_in.into_secret_json().unwrap();
    let stored = stored.expose().replace("http://emulator:8080", "http://openrouter.ai");
    let code = AuthorizationCode::parse("auth_code_abc123").unwrap();
    let default = Client::builder().transport(Never::new()).without_deadline().build().unwrap();
    for client in [client, default] {
        let mut sign_in = HeadlessSignIn::from_secret_json(&stored).unwrap();
        let error = sign_in.exchange(&client, &code).await.unwrap_err();
        assert!(matches!(error, Error::OriginMismatch { .. }), "{error}");
    }
}

#[test]
fn base_url_over_http_needs_its_host_to_be_named() {
    // C-9
    for named in [None, Some("other"), Some("emulator.test"), Some("emulato")] {
        let mut builder = Client::builder().transport(Never::new()).without_deadline().base_url(EMULATOR);
        if let Some(host) = named {
            builder = builder.dangerously_allow_http(host);
        }
        let error = builder.build().unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
        assert!(error.to_string().contains("dangerously_allow_http"), "{error}");
    }
}

#[test]
fn openrouter_cannot_be_named() {
    // C-9
    for host in
        ["openrouter.ai", "OPENROUTER.AI", "openrouter.ai.", "api.openrouter.ai", "*", "emulator:8080", ""]
    {
        // The base URL does not matter.
        let builder = Client::builder().transport(Never::new()).without_deadline();
        let error = builder.dangerously_allow_http(host).build().unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{host}: {error}");
    }
}

#[tokio::test]
async fn one_call_may_go_to_the_named_host() {
    let (replay, builder) = scripted([respond(200, KEYS)]);
    let client = builder.dangerously_allow_http("emulator").build().unwrap();
    client.signing_keys().base_url(EMULATOR).await.unwrap();
    let error = client.exchange_auth_code(exchange()).base_url("http://other").await.unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error}");
    replay.verify();
}
