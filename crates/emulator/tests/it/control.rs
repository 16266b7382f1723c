//! `/emulator/…`: the endpoints that let tests in other languages control the emulator.

use http::Request;
use openrouter_oauth_emulator::{Emulator, Fault};
use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use serde_json::{Value, json};

use crate::support::{SERVER, approved_code, body, exchange, get, post, send, status_and_message};

async fn error_kind(emulator: &Emulator, request: Request<String>) -> ErrorKind {
    emulator.send(request.map(Into::into), Limits::default()).await.unwrap_err().kind()
}

#[tokio::test]
async fn emulator_is_controlled_over_http() {
    let emulator = Emulator::new();
    let key = body(&send(&emulator, post("/emulator/keys", "")).await)["key"].clone();
    let key = key.as_str().unwrap();
    for (fault, status) in [
        (json!({ "status": 502, "path": "/key" }), 502),
        (json!({ "status": 307, "location": "/x", "headers": { "a": "b" } }), 307),
        (json!({ "delay_ms": 1 }), 200),
        (json!({ "wrong_content_type": "text/html" }), 200),
    ] {
        let injected = send(&emulator, post("/emulator/faults", fault.to_string())).await;
        assert_eq!(injected.status(), 200, "{fault}");
        let response = send(&emulator, get("/api/v1/key", key)).await;
        assert_eq!(response.status(), status, "{fault}");
    }
    for fault in
        [json!({ "drop": "after_commit" }), json!({ "drop": "before_commit" }), json!({ "cut_after": 3 })]
    {
        send(&emulator, post("/emulator/faults", fault.to_string())).await;
        let kind = error_kind(&emulator, get("/api/v1/key", key)).await;
        assert_eq!(kind, ErrorKind::Io);
    }
    let code = approved_code(&emulator).await;
    send(&emulator, post("/emulator/advance", r#"{"seconds":600}"#)).await;
    assert_eq!(send(&emulator, exchange(&code)).await.status(), 403);
    let log = body(&send(&emulator, get("/emulator/log", "")).await);
    assert_eq!(log[0]["status"], 502);
    assert_eq!(log[0]["headers"]["authorization"], "[redacted]");
}

#[tokio::test]
async fn invalid_fault_is_rejected_at_once() {
    let emulator = Emulator::new();
    for fault in [
        "",
        "[]",
        "[503]",
        "{}",
        r#"{"status":503,"delay_ms":1}"#,
        r#"{"status":70000}"#,
        r#"{"status":"503"}"#,
        r#"{"status":100}"#,
        r#"{"status":503,"PATH":"/auth/keys"}"#,
        r#"{"status":503,"path":5}"#,
        r#"{"status":503,"path":"auth/keys"}"#,
        r#"{"status":503,"path":"/auth/keys","path":"/key"}"#,
        r#"{"status":503,"body":{"a":1}}"#,
        r#"{"status":503,"headers":["x"]}"#,
        r#"{"status":503,"headers":{"a":1}}"#,
        r#"{"status":503,"headers":{"a b":"c"}}"#,
        r#"{"status":503,"headers":{"content-length":"5"}}"#,
        r#"{"status":503,"headers":{"Transfer-Encoding":"gzip"}}"#,
        r#"{"status":503,"content_type":"a\r\nb"}"#,
        r#"{"status":307,"location":"a\nb"}"#,
        r#"{"wrong_content_type":"a\r\nb"}"#,
        r#"{"wrong_content_type":"text/html","location":"y"}"#,
        r#"{"drop":"sometime"}"#,
        r#"{"drop":"after_commit","body":"x"}"#,
        r#"{"gateway":"cloudflare"}"#,
        r#"{"gateway":""}"#,
        r#"{"gateway":503}"#,
        r#"{"gateway":null}"#,
        r#"{"gateway":"envoy_503","timing":"later"}"#,
        r#"{"gateway":"envoy_503","timing":true}"#,
        r#"{"gateway":"envoy_503","status":503}"#,
        r#"{"gateway":"envoy_503","drop":"after_commit"}"#,
        r#"{"gateway":"envoy_503","body":"x"}"#,
        r#"{"gateway":"envoy_503","headers":{"a":"b"}}"#,
        r#"{"delay_ms":1,"timing":"after_commit"}"#,
        r#"{"cut_after":1,"timing":"before_commit"}"#,
        r#"{"wrong_content_type":"text/html","timing":"after_commit"}"#,
        r#"{"status":503,"gateway":"envoy_503","timing":"after_commit"}"#,
        r#"{"drop":"after_commit","timing":"after_commit"}"#,
        r#"{"timing":"after_commit"}"#,
        r#"{"delay_ms":-1}"#,
        r#"{"delay_ms":600001}"#,
        r#"{"delay_ms":18446744073709551615}"#,
        r#"{"delay_ms":18446744073709551616}"#,
    ] {
        let (status, _) = status_and_message(&send(&emulator, post("/emulator/faults", fault)).await);
        assert_eq!(status, 400, "{fault}");
    }
    // None of them was injected.
    assert_eq!(send(&emulator, get("/api/v1/key", &emulator.issue_management_key())).await.status(), 200);
}

#[tokio::test]
async fn clock_advances_only_by_a_number_of_seconds() {
    let emulator = Emulator::new();
    for advance in ["", "{}", r#"{"seconds":-1}"#, r#"{"seconds":"1"}"#, r#"{"seconds":1,"minutes":1}"#] {
        let response = send(&emulator, post("/emulator/advance", advance)).await;
        assert_eq!(response.status(), 400, "{advance}");
    }
}

/// Denies with this callback URL and returns the status and the redirect.
async fn deny(emulator: &Emulator, callback: &str) -> (u16, Option<String>) {
    let form = format!("callback_url={callback}&state=s&decision=deny");
    let request = Request::post(format!("{SERVER}/auth")).body(form).unwrap();
    let response = send(emulator, request).await;
    let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), location)
}

async fn change_settings(emulator: &Emulator, settings: &Value) {
    let response = send(emulator, post("/emulator/settings", settings.to_string())).await;
    assert_eq!((response.status().as_u16(), body(&response)), (200, json!({ "ok": true })), "{settings}");
}

#[tokio::test]
async fn settings_are_changed_one_by_one_over_http() {
    let emulator = Emulator::new();
    let denied = "error=access_denied&error_description=The+user+denied+the+request";
    change_settings(&emulator, &json!({ "state_echo": false })).await;
    assert_eq!(deny(&emulator, "https://my.app").await, (303, Some(format!("https://my.app?{denied}"))));
    change_settings(&emulator, &json!({ "custom_schemes": true, "ipv6_loopback": true })).await;
    for callback in ["vscode://app", "http://[::1]:3000/"] {
        assert_eq!(deny(&emulator, callback).await, (303, Some(format!("{callback}?{denied}"))));
    }
    change_settings(&emulator, &json!({ "denial": "silent" })).await;
    assert_eq!(deny(&emulator, "https://my.app").await, (200, None));

    change_settings(&emulator, &json!({ "wrong_method": "not_allowed" })).await;
    let response = send(&emulator, get("/api/v1/auth/keys", "")).await;
    assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"POST".parse().unwrap()));

    let code = approved_code(&emulator).await;
    change_settings(&emulator, &json!({ "failure_burns_code": true })).await;
    let bare = post("/api/v1/auth/keys", json!({ "code": code }).to_string());
    assert_eq!(send(&emulator, bare).await.status(), 400);
    assert_eq!(status_and_message(&send(&emulator, exchange(&code)).await).1, "Invalid code");
}

#[tokio::test]
async fn invalid_setting_is_rejected_and_changes_nothing() {
    let emulator = Emulator::new();
    for settings in [
        "",
        "[false]",
        r#"{"denial":"silent","stateecho":false}"#,
        r#"{"denial":"silent","state_echo":"no"}"#,
        r#"{"denial":"Silent"}"#,
        r#"{"wrong_method":405}"#,
    ] {
        let (status, _) = status_and_message(&send(&emulator, post("/emulator/settings", settings)).await);
        assert_eq!(status, 400, "{settings}");
    }
    assert_eq!(deny(&emulator, "https://my.app").await.0, 303);
}

#[tokio::test]
async fn every_get_has_a_head_without_a_body() {
    let emulator = Emulator::new();
    for (path, status) in [
        ("/", 200),
        ("/auth?callback_url=https://my.app", 200),
        ("/auth", 400),
        ("/emulator/log", 200),
        ("/api/v1/key", 401),
        ("/api/v1/auth/key", 401),
        ("/api/v1/oauth/jwks", 200),
        ("/api/v1/auth/keys", 404),
    ] {
        let uri = format!("{SERVER}{path}");
        let get = send(&emulator, Request::get(&uri).body("").unwrap()).await;
        let head = send(&emulator, Request::head(&uri).body("").unwrap()).await;
        assert_eq!((get.status(), head.status().as_u16()), (head.status(), status), "{path}");
        assert!(head.headers().keys().eq(get.headers().keys()), "{path}");
        assert!(head.body().is_empty() && !get.body().is_empty(), "{path}");
    }
    let methods = |path: &str| {
        let logged = emulator.log().into_iter().filter(|entry| entry.path == path);
        logged.map(|entry| entry.method).collect::<Vec<_>>()
    };
    assert_eq!(methods("/api/v1/key"), ["GET", "HEAD"]);
    assert_eq!((emulator.requests("/key"), emulator.posts("/key")), (2, 0));
}

#[tokio::test]
async fn control_paths_ignore_faults_and_are_not_logged() {
    let emulator = Emulator::new();
    emulator.inject(Fault::status(503));
    let response = send(&emulator, get("/emulator/health", "")).await;
    assert_eq!((response.status().as_u16(), body(&response)), (200, json!({ "status": "ok" })));
    assert_eq!(response.headers()["content-type"], "application/json");
    let request = Request::head(format!("{SERVER}/emulator/health")).body(String::new()).unwrap();
    let response = send(&emulator, request).await;
    assert_eq!((response.status().as_u16(), response.body().len()), (200, 0));
    assert_eq!(send(&emulator, post("/emulator/health", "")).await.status(), 404);
    // Nor is a path with a typo.
    for path in ["/emulator", "/emulator/", "/emulator/keys/", "/emulator/unknown", "/emulator/keys/x/spend/"]
    {
        assert_eq!(send(&emulator, get(path, "")).await.status(), 404, "{path}");
    }
    assert_eq!(emulator.log().len(), 0);
    // The fault is still pending.
    assert_eq!(send(&emulator, get("/api/v1/oauth/jwks", "")).await.status(), 503);
}
