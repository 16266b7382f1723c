//! The IDs of requests: `cf-ray` and `x-request-id`.

use std::collections::HashSet;

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth_emulator::{Emulator, Fault};

use crate::support::{SERVER, approved_code, exchange, get, post, send};

#[track_caller]
fn ids(response: &Response<Bytes>) -> (String, String) {
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    let (ray, id) = (header("cf-ray"), header("x-request-id"));
    let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let (digits, airport) = ray.split_once('-').unwrap();
    assert!(digits.len() == 16 && is_hex(digits), "{ray}");
    assert!(airport.len() == 3 && airport.bytes().all(|byte| byte.is_ascii_uppercase()), "{ray}");
    assert!(id.len() == 32 && is_hex(&id), "{id}");
    (ray, id)
}

#[tokio::test]
async fn every_response_of_the_api_has_its_own_ids() {
    let emulator = Emulator::new();
    let code = approved_code(&emulator).await;
    emulator.inject(Fault::status(503).on("/oauth/jwks"));
    emulator.inject(Fault::redirect(307, "/").on("/oauth/token"));
    emulator.inject(Fault::wrong_content_type("text/html").on("/auth/key"));
    let preflight = Request::options(format!("{SERVER}/api/v1/auth/keys")).body(String::new()).unwrap();
    let requests = [
        preflight,
        exchange(&code),
        exchange(&code),
        post("/api/v1/auth/keys", "{"),
        post("/api/v1/auth/keys", "x".repeat(70_000)),
        get("/api/v1/key", "x"),
        get("/api/v1/auth/key", "x"),
        get("/api/v1/oauth/jwks", ""),
        post("/api/v1/oauth/token", ""),
        post("/api/v1/oauth/token", ""),
        get("/api/v1/unknown", ""),
    ];
    let count = requests.len();
    let mut seen = HashSet::new();
    for request in requests {
        let (ray, id) = ids(&send(&emulator, request).await);
        seen.extend([ray, id]);
    }
    assert_eq!(seen.len(), 2 * count);
}

#[tokio::test]
async fn injected_id_is_the_only_one() {
    let emulator = Emulator::new();
    for (name, other) in [("cf-ray", "x-request-id"), ("X-Request-Id", "cf-ray")] {
        emulator.inject(Fault::status(500).header(name, "8f0c1a2b3c4d5e6f"));
        let response = send(&emulator, get("/api/v1/key", "x")).await;
        assert_eq!(response.headers()[name], "8f0c1a2b3c4d5e6f");
        assert!(!response.headers().contains_key(other), "{name}");
    }
}

#[tokio::test]
async fn pages_and_control_routes_have_no_ids() {
    let emulator = Emulator::new();
    for path in ["/", "/auth?callback_url=https://my.app", "/emulator/log", "/favicon.ico"] {
        let response = send(&emulator, get(path, "")).await;
        for name in ["cf-ray", "x-request-id"] {
            assert!(!response.headers().contains_key(name), "{path}");
        }
    }
}
