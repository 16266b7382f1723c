//! Responses of gateways as faults, in memory and over HTTP.

use http::Response;
use openrouter_oauth_emulator::{Emulator, Fault, GatewayResponse};
use serde_json::json;

use crate::support::{approved_code, body, exchange, get, post, send, status_and_message};

#[tokio::test]
async fn only_a_gateway_before_the_commit_keeps_the_code_valid() {
    for &gateway in GatewayResponse::ALL {
        let emulator = Emulator::new();
        let codes = [approved_code(&emulator).await, approved_code(&emulator).await];
        emulator.inject(Fault::gateway(gateway).on("/auth/keys"));
        let before = send(&emulator, exchange(&codes[0])).await;
        assert_eq!(send(&emulator, exchange(&codes[0])).await.status(), 200, "{gateway:?}");
        emulator.inject(Fault::gateway(gateway).after_commit().on("/auth/keys"));
        let after = send(&emulator, exchange(&codes[1])).await;
        assert_eq!(before.status(), after.status(), "{gateway:?}");
        assert_eq!(before.headers()["content-type"], after.headers()["content-type"], "{gateway:?}");
        // The gateway hid the key of the code.
        let (status, message) = status_and_message(&send(&emulator, exchange(&codes[1])).await);
        assert_eq!((status, message.as_str()), (400, "Invalid code"), "{gateway:?}");
        assert_eq!((emulator.posts("/auth/keys"), emulator.keys().len()), (4, 2));
    }
}

#[track_caller]
fn check(response: &Response<bytes::Bytes>, status: u16, content_type: &str, phrase: &str) {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()["content-type"], content_type);
    let body = std::str::from_utf8(response.body()).unwrap();
    assert!(body.contains(phrase), "{body}");
}

#[tokio::test]
async fn every_response_names_its_gateway() {
    let emulator = Emulator::new();
    let html = "text/html; charset=UTF-8";
    for (name, status, content_type, phrase) in [
        ("cloudflare_challenge", 403, html, "Just a moment..."),
        ("cloudflare_blocked", 403, html, "1020"),
        ("cloudflare_rate_limited", 429, "text/plain", "error code: 1015"),
        ("cloudflare_502", 502, html, "502: Bad gateway"),
        ("cloudflare_520", 520, html, "520: Web server is returning an unknown error"),
        ("cloudflare_522", 522, html, "522: Connection timed out"),
        ("cloudflare_524", 524, html, "524: A timeout occurred"),
        ("envoy_503", 503, "text/plain", "upstream connect error or disconnect/reset before headers"),
        ("envoy_504", 504, "text/plain", "upstream request timeout"),
        ("nginx_502", 502, "text/html", "<center>nginx</center>"),
        ("corporate_proxy_403", 403, html, "Access Denied"),
        ("captive_portal", 200, html, "Accept the terms"),
    ] {
        let fault = json!({ "gateway": name, "path": "/key" }).to_string();
        assert_eq!(send(&emulator, post("/emulator/faults", fault)).await.status(), 200, "{name}");
        let response = send(&emulator, get("/api/v1/key", "x")).await;
        check(&response, status, content_type, phrase);
        // It is not the service's response.
        for header in ["access-control-allow-origin", "access-control-expose-headers", "x-request-id"] {
            assert!(!response.headers().contains_key(header), "{name}: {header}");
        }
        assert_eq!(response.headers().contains_key("cf-ray"), name.starts_with("cloudflare_"), "{name}");
    }
    assert_eq!(GatewayResponse::ALL.len(), 12);
}

#[tokio::test]
async fn timing_over_http_decides_whether_the_service_acts() {
    let emulator = Emulator::new();
    for (timing, status) in [(json!({}), 200), (json!("before_commit"), 200), (json!("after_commit"), 400)] {
        let code = approved_code(&emulator).await;
        let mut fault = json!({ "gateway": "envoy_503", "path": "/auth/keys" });
        if timing.is_string() {
            fault["timing"].clone_from(&timing);
        }
        send(&emulator, post("/emulator/faults", fault.to_string())).await;
        let response = send(&emulator, exchange(&code)).await;
        assert_eq!(response.status(), 503);
        assert!(!response.headers().contains_key("retry-after"));
        assert_eq!(send(&emulator, exchange(&code)).await.status(), status, "{fault}");

        let code = approved_code(&emulator).await;
        let mut fault = json!({ "status": 502, "body": "x", "path": "/auth/keys" });
        if timing.is_string() {
            fault["timing"] = timing;
        }
        send(&emulator, post("/emulator/faults", fault.to_string())).await;
        let response = send(&emulator, exchange(&code)).await;
        assert_eq!((response.status().as_u16(), &response.body()[..]), (502, &b"x"[..]), "{fault}");
        assert!(response.headers().contains_key("access-control-allow-origin"), "{fault}");
        assert_eq!(send(&emulator, exchange(&code)).await.status(), status, "{fault}");
    }
}

#[tokio::test]
async fn unknown_gateway_is_rejected_with_the_names() {
    let emulator = Emulator::new();
    let rejected = send(&emulator, post("/emulator/faults", r#"{"gateway":"cloudflare"}"#)).await;
    let message = body(&rejected)["error"]["message"].as_str().unwrap().to_owned();
    for gateway in GatewayResponse::ALL {
        assert!(message.contains(gateway.name()), "{message}");
    }
    let index = send(&emulator, get("/", "")).await;
    let index = std::str::from_utf8(index.body()).unwrap();
    for gateway in GatewayResponse::ALL {
        assert!(index.contains(gateway.name()), "{}", gateway.name());
    }
}
