//! Cross-origin requests: web pages may call the API, but neither the consent page nor the control routes.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use openrouter_oauth_emulator::{Emulator, Fault, Settings, WrongMethodStatus};

use crate::support::{SERVER, approved_code, exchange, get, post, send, send_raw, status_and_message};

fn options(path: &str) -> http::request::Builder {
    Request::builder().method(Method::OPTIONS).uri(format!("{SERVER}{path}"))
}

/// The request that a browser sends before a page's `fetch`.
fn preflight(path: &str, method: &str) -> Request<&'static str> {
    options(path)
        .header("origin", "http://localhost:5173")
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "content-type,http-referer,x-openrouter-title")
        .body("")
        .unwrap()
}

fn cors_headers(headers: &HeaderMap) -> Vec<&str> {
    headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("access-control-")).collect()
}

#[track_caller]
fn check_readable(response: &Response<Bytes>) {
    assert_eq!(response.headers()["access-control-allow-origin"], "*", "{response:?}");
    let exposed = response.headers()["access-control-expose-headers"].to_str().unwrap();
    assert!(exposed.split(',').any(|name| name == "cf-ray"), "{exposed}");
    assert!(!response.headers().contains_key("access-control-allow-credentials"));
}

#[tokio::test]
async fn preflight_allows_the_requests_of_clients() {
    let emulator = Emulator::new();
    for (path, method) in [
        ("/api/v1/auth/keys", "POST"),
        ("/api/v1/auth/keys/code", "POST"),
        ("/api/v1/key", "GET"),
        ("/api/v1/oauth/token", "POST"),
        ("/api/v1/oauth/jwks", "GET"),
        ("/api/v1/unknown", "GET"),
    ] {
        let response = send(&emulator, preflight(path, method)).await;
        assert_eq!(response.status(), 204, "{path}");
        assert!(response.body().is_empty(), "{path}");
        check_readable(&response);
        let list = |name: &str| response.headers()[name].to_str().unwrap().to_ascii_lowercase();
        let methods = list("access-control-allow-methods");
        assert!(methods.split(',').any(|allowed| allowed.eq_ignore_ascii_case(method)), "{methods}");
        let headers = list("access-control-allow-headers");
        for name in [
            "authorization",
            "content-type",
            "http-referer",
            "x-title",
            "x-openrouter-title",
            "x-openrouter-categories",
            "x-stainless-retry-count",
        ] {
            assert!(headers.split(',').any(|allowed| allowed == name), "{name}: {headers}");
        }
        assert!(headers.split(',').all(|name| !name.is_empty() && name.trim() == name), "{headers}");
        assert_eq!(response.headers()["vary"], "Access-Control-Request-Headers");
    }
}

#[tokio::test]
async fn preflight_changes_nothing() {
    let emulator = Emulator::new();
    let code = approved_code(&emulator).await;
    emulator.inject(Fault::status(503).on("/auth/keys"));
    for _ in 0..2 {
        assert_eq!(send(&emulator, preflight("/api/v1/auth/keys", "POST")).await.status(), 204);
    }
    assert_eq!(emulator.posts("/auth/keys"), 0);
    assert_eq!(send(&emulator, exchange(&code)).await.status(), 503);
    assert_eq!(send(&emulator, exchange(&code)).await.status(), 200);
    assert_eq!(emulator.posts("/auth/keys"), 2);
    let logged: Vec<(String, Option<u16>)> =
        emulator.log().into_iter().map(|entry| (entry.method, entry.status)).collect();
    assert_eq!(logged[1..3], [("OPTIONS".to_owned(), Some(204)), ("OPTIONS".to_owned(), Some(204))]);
}

#[tokio::test]
async fn options_without_an_origin_gets_the_same_response() {
    let emulator = Emulator::new();
    let plain = send(&emulator, options("/api/v1/key").body("").unwrap()).await;
    let preflight = send(&emulator, preflight("/api/v1/key", "GET")).await;
    assert_eq!(plain.status(), preflight.status());
    assert_eq!(cors_headers(plain.headers()), cors_headers(preflight.headers()));
}

#[tokio::test]
async fn page_can_read_every_response_of_the_api() {
    let emulator = Emulator::new();
    let code = approved_code(&emulator).await;
    let key = emulator.issue_management_key();
    for (request, status) in [
        (exchange(&code), 200),
        (exchange(&code), 400),
        (post("/api/v1/auth/keys", "{"), 400),
        (post("/api/v1/auth/keys", "x".repeat(70_000)), 413),
        (get("/api/v1/key", &key), 200),
        (get("/api/v1/key", "x"), 401),
        (get("/api/v1/oauth/jwks", ""), 200),
        (get("/api/v1/unknown", ""), 404),
        (get("/api/v1/auth/keys", ""), 404),
    ] {
        let described = format!("{} {}", request.method(), request.uri().path());
        let response = send(&emulator, request).await;
        assert_eq!(response.status(), status, "{described}");
        check_readable(&response);
    }
    let strict = Emulator::with_settings(Settings::default().wrong_method(WrongMethodStatus::NotAllowed));
    let response = send(&strict, get("/api/v1/auth/keys", "")).await;
    assert_eq!(response.status(), 405);
    check_readable(&response);
}

#[tokio::test]
async fn page_can_read_an_injected_status() {
    let emulator = Emulator::new();
    emulator.inject(Fault::status(429).header("Retry-After", "1"));
    let response = send(&emulator, get("/api/v1/key", "x")).await;
    assert_eq!(response.status(), 429);
    check_readable(&response);
    // A fault can set the headers itself.
    emulator.inject(Fault::status(429).header("Access-Control-Allow-Origin", "https://my.app"));
    let response = send(&emulator, get("/api/v1/key", "x")).await;
    assert_eq!(response.headers()["access-control-allow-origin"], "https://my.app");
}

#[tokio::test]
async fn page_cannot_read_the_control_routes() {
    let emulator = Emulator::new();
    for (path, status) in [
        ("/", 403),
        ("/auth", 404),
        ("/emulator/keys", 403),
        ("/emulator/faults", 403),
        ("/emulator/log", 403),
        ("/emulator/settings", 403),
        ("/favicon.ico", 404),
    ] {
        let response = send(&emulator, preflight(path, "POST")).await;
        assert_eq!(status_and_message(&response).0, status, "{path}");
        assert!(cors_headers(response.headers()).is_empty(), "{path}");
        let response = send(&emulator, get(path, "")).await;
        assert!(cors_headers(response.headers()).is_empty(), "{path}");
    }
}

/// The head and body of a request over a socket, to `/emulator/…`.
fn control(method: &str, path: &str, headers: &str, body: &str) -> String {
    format!(
        "{method} /emulator/{path} HTTP/1.1\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn page_cannot_change_or_revoke_a_key() {
    let emulator = Emulator::new();
    let server = emulator.serve(0).await.unwrap();
    let host = server.addr().to_string();
    let hash = emulator.key(&emulator.issue_management_key()).unwrap().hash;
    let before = emulator.keys();
    let key = format!("keys/{hash}");
    let requests = [
        ("POST", "keys", ""),
        ("PATCH", &*key, r#"{"limit":5}"#),
        ("POST", &*format!("{key}/spend"), r#"{"dollars":1}"#),
        ("POST", "advance", r#"{"seconds":1}"#),
        ("POST", "faults", r#"{"status":503}"#),
        ("POST", "settings", r#"{"denial":"silent"}"#),
        ("GET", "log", ""),
        ("DELETE", &*key, ""),
        ("OPTIONS", &*key, ""),
        ("POST", "unknown", ""),
    ];
    let other = host.replace("127.0.0.1", "localhost");
    for origin in [
        "https://evil.example",
        "http://localhost:5173",
        "null",
        "",
        &*format!("https://{host}"),
        &*format!("http://{other}"),
        &*format!("http://{host}\r\nOrigin: null"),
    ] {
        for (method, path, body) in requests {
            // As `text/plain`, a page needs no preflight to post it.
            let headers = format!("Host: {host}\r\nOrigin: {origin}\r\nContent-Type: text/plain\r\n");
            let response = send_raw(server.addr(), &control(method, path, &headers, body)).await;
            assert!(response.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{origin} {path}: {response}");
            assert!(response.contains("a web page of another origin cannot control"), "{response}");
            assert!(!response.contains("access-control-"), "{response}");
        }
    }
    assert_eq!(emulator.keys(), before);
    // No fault is pending.
    assert_eq!(send(&emulator, get("/api/v1/oauth/jwks", "")).await.status(), 200);
}

#[tokio::test]
async fn own_page_and_other_programs_control_the_emulator() {
    let emulator = Emulator::new();
    let server = emulator.serve(0).await.unwrap();
    let other = format!("localhost:{}", server.addr().port());
    for host in [&*server.addr().to_string(), &other] {
        for origin in ["", &*format!("Origin: http://{host}\r\n")] {
            let headers = format!("Host: {host}\r\n{origin}");
            let created = send_raw(server.addr(), &control("POST", "keys", &headers, "")).await;
            assert!(created.starts_with("HTTP/1.1 200 OK\r\n"), "{headers}: {created}");
        }
    }
    assert_eq!(emulator.keys().len(), 4);
    // Without a host, no origin is the emulator's.
    let request = "POST /emulator/keys HTTP/1.0\r\nOrigin: http://\r\nContent-Length: 0\r\n\r\n";
    assert!(send_raw(server.addr(), request).await.starts_with("HTTP/1.0 403 "));
    assert_eq!(emulator.keys().len(), 4);
}
