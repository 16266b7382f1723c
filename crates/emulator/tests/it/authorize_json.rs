//! `POST /auth` from a program, which gets JSON instead of a page or a redirect.

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth_emulator::{DecisionError, DenialBehavior, Emulator, Settings, User};
use openrouter_oauth_transport::{Error, from_fn};
use serde_json::json;

use crate::support::{CHALLENGE, SERVER, body, exchange, get, send, status_and_message};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn decide(emulator: &Emulator, accept: &str, form: &str) -> Response<Bytes> {
    let request = Request::post(format!("{SERVER}/auth")).header("accept", accept);
    send(emulator, request.body(form.to_owned()).unwrap()).await
}

async fn decide_json(emulator: &Emulator, form: &str) -> Response<Bytes> {
    let response = decide(emulator, "application/json", form).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(!response.headers().contains_key("location"));
    response
}

#[tokio::test]
async fn approval_returns_the_callback() {
    let emulator = Emulator::new();
    let form =
        format!("callback_url=http://localhost:3000/cb&code_challenge={CHALLENGE}&state=s&decision=approve");
    let response = decide_json(&emulator, &form).await;
    assert_eq!(response.status(), 200);
    let json = body(&response);
    let url = json["redirect_to"].as_str().unwrap();
    let code = url.strip_prefix("http://localhost:3000/cb?code=").unwrap().strip_suffix("&state=s").unwrap();
    assert_eq!(json.as_object().unwrap().len(), 1);
    assert!(code.len() >= 32, "{code}");
}

#[tokio::test]
async fn approval_without_a_callback_returns_the_code() {
    let emulator = Emulator::new();
    let form = format!("code_challenge={CHALLENGE}&code_challenge_method=S256&decision=approve");
    let response = decide_json(&emulator, &form).await;
    assert_eq!(response.status(), 200);
    let json = body(&response);
    assert_eq!(json.as_object().unwrap().len(), 1);
    assert_eq!(send(&emulator, exchange(json["code"].as_str().unwrap())).await.status(), 200);
}

#[tokio::test]
async fn denial_returns_the_callback_with_the_error() {
    let response =
        decide_json(&Emulator::new(), "callback_url=https://my.app&state=s&limit=abc&decision=deny").await;
    assert_eq!(response.status(), 200);
    let expected = "https://my.app?error=access_denied&error_description=The+user+denied+the+request&state=s";
    assert_eq!(body(&response), json!({ "redirect_to": expected }));
}

#[tokio::test]
async fn silent_denial_returns_no_callback() {
    let silent = Emulator::with_settings(Settings::default().denial(DenialBehavior::Silent));
    for (emulator, form) in [
        (silent, "callback_url=https://my.app&decision=deny".to_owned()),
        (Emulator::new(), format!("code_challenge={CHALLENGE}&decision=deny")),
    ] {
        let response = decide_json(&emulator, &form).await;
        assert_eq!((response.status().as_u16(), &response.body()[..]), (200, &br#"{"denied":true}"#[..]));
    }
}

#[tokio::test]
async fn invalid_request_returns_an_error_object() {
    let emulator = Emulator::new();
    for (form, word) in [
        ("", "code_challenge"),
        ("callback_url=http://evil.example/&decision=approve", "callback_url"),
        ("callback_url=https://my.app", "decision"),
        ("callback_url=https://my.app&decision=maybe", "decision"),
        ("callback_url=https://my.app&limit=5,50&decision=approve", "limit"),
        ("callback_url=https://my.app&decision=deny&decision=approve", "more than once"),
    ] {
        let response = decide_json(&emulator, form).await;
        let (status, text) = status_and_message(&response);
        assert_eq!(status, 400, "{form}");
        assert!(text.contains(word), "{form}: {text}");
    }
}

#[tokio::test]
async fn browser_still_gets_the_page() {
    let emulator = Emulator::new();
    let form = "callback_url=https://my.app&decision=approve";
    for accept in [BROWSER, "*/*", "application/json;q=0, */*", ""] {
        assert_eq!(decide(&emulator, accept, form).await.status(), 303, "{accept}");
        let rejected = decide(&emulator, accept, "").await;
        assert_eq!(rejected.headers()["content-type"], "text/html; charset=utf-8", "{accept}");
    }
    let request = Request::get(format!("{SERVER}/auth?callback_url=https://my.app"));
    let page = send(&emulator, request.header("accept", "application/json").body("").unwrap()).await;
    assert_eq!(
        (page.status().as_u16(), &page.headers()["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
}

/// Returns the error of `User::approve` if the emulator sends this response.
async fn error_for(status: u16, body: &'static str) -> DecisionError {
    let transport = from_fn(move |_request, _limits| async move {
        Ok::<_, Error>(Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap())
    });
    User::new(transport).approve("http://localhost/auth?a=b", None).await.unwrap_err()
}

#[tokio::test]
async fn user_reports_unexpected_responses() {
    let fault = r#"{"error":{"message":"Service Unavailable","code":503}}"#;
    assert!(matches!(error_for(503, fault).await, DecisionError::Rejected { status, message }
        if status == 503 && message == "Service Unavailable"));
    for (status, body) in
        [(200, "<html>"), (200, "{}"), (200, r#"{"denied":false}"#), (404, r#"{"code":"x"}"#)]
    {
        assert!(
            matches!(error_for(status, body).await, DecisionError::Unexpected(got) if got == status),
            "{body}"
        );
    }
    let user = User::new(Emulator::new());
    for url in ["", "/auth?a=b", "localhost:3000", "not a URL"] {
        assert!(matches!(user.deny(url).await, Err(DecisionError::Url)), "{url}");
    }
}

/// Posts JSON to an authorize URL with these parameters, as a browser would accept responses.
async fn decide_by_json(emulator: &Emulator, query: &str, json: &str) -> Response<Bytes> {
    let request = Request::post(format!("{SERVER}/auth?{query}")).header("accept", BROWSER);
    let request = request.header("content-type", "application/json; charset=utf-8");
    let response = send(emulator, request.body(json.to_owned()).unwrap()).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(!response.headers().contains_key("location"));
    response
}

#[tokio::test]
async fn decision_can_be_posted_to_the_authorize_url() {
    let emulator = Emulator::new();
    let query = format!("code_challenge={CHALLENGE}&code_challenge_method=S256");
    let by_json = decide_by_json(&emulator, &query, r#"{"decision":"approve"}"#).await;
    let request = Request::post(format!("{SERVER}/auth?{query}")).header("accept", "application/json");
    let by_form = send(&emulator, request.body("decision=approve").unwrap()).await;
    for response in [by_json, by_form] {
        let code = body(&response)["code"].as_str().unwrap().to_owned();
        assert_eq!(send(&emulator, exchange(&code)).await.status(), 200);
    }
    let denied =
        decide_by_json(&emulator, "callback_url=https://my.app&state=s", r#"{"decision":"deny"}"#).await;
    let expected = "https://my.app?error=access_denied&error_description=The+user+denied+the+request&state=s";
    assert_eq!(body(&denied), json!({ "redirect_to": expected }));
}

#[tokio::test]
async fn json_needs_no_content_type() {
    let emulator = Emulator::new();
    for content_type in [None, Some("application/x-www-form-urlencoded"), Some("text/plain")] {
        for (json, status) in [(r#" {"decision":"deny"}"#, 200), (r#"{"decision":"den"#, 400)] {
            let mut request =
                Request::post(format!("{SERVER}/auth?callback_url=https://my.app")).header("accept", BROWSER);
            if let Some(content_type) = content_type {
                request = request.header("content-type", content_type);
            }
            let response = send(&emulator, request.body(json.to_owned()).unwrap()).await;
            assert_eq!(response.status(), status, "{content_type:?} {json}");
            assert_eq!(response.headers()["content-type"], "application/json", "{content_type:?}");
        }
    }
}

#[tokio::test]
async fn json_can_have_every_parameter() {
    let emulator = Emulator::new();
    let parameters = json!({ "callback_url": "https://my.app", "code_challenge": CHALLENGE,
        "code_challenge_method": "S256", "state": null, "limit": 5, "decision": "approve" });
    let response = decide_by_json(&emulator, "", &parameters.to_string()).await;
    let callback = body(&response)["redirect_to"].as_str().unwrap().to_owned();
    let granted = send(&emulator, exchange(callback.strip_prefix("https://my.app?code=").unwrap())).await;
    let key = body(&granted)["key"].as_str().unwrap().to_owned();
    assert_eq!(body(&send(&emulator, get("/api/v1/key", &key)).await)["data"]["limit"], 5.0);
}

#[tokio::test]
async fn limit_of_the_user_replaces_the_limit_of_the_url() {
    let emulator = Emulator::new();
    let query = format!("limit=5&code_challenge={CHALLENGE}&code_challenge_method=S256");
    for (decision, limit) in [
        (json!({ "decision": "approve" }), Some(5.0)),
        (json!({ "decision": "approve", "limit": 2.5 }), Some(2.5)),
        (json!({ "decision": "approve", "limit": "7" }), Some(7.0)),
        (json!({ "decision": "approve", "limit": "" }), None),
    ] {
        let response = decide_by_json(&emulator, &query, &decision.to_string()).await;
        let granted = send(&emulator, exchange(body(&response)["code"].as_str().unwrap())).await;
        let key = body(&granted)["key"].as_str().unwrap().to_owned();
        assert_eq!(body(&send(&emulator, get("/api/v1/key", &key)).await)["data"]["limit"].as_f64(), limit);
    }
}

#[tokio::test]
async fn invalid_json_decision_grants_nothing() {
    let emulator = Emulator::new();
    for (query, json, word) in [
        ("callback_url=https://my.app", "", "JSON object"),
        ("callback_url=https://my.app", "decision=approve", "JSON object"),
        ("callback_url=https://my.app", r#"["approve"]"#, "JSON object"),
        ("callback_url=https://my.app", "{}", "decision"),
        ("callback_url=https://my.app", r#"{"decision":true}"#, "decision must be a string"),
        ("callback_url=https://my.app", r#"{"decision":"approve","limit":-1}"#, "limit"),
        ("callback_url=https://my.app", r#"{"decision":"approve","callback_url":"https://my.app"}"#, "once"),
        ("callback_url=https://my.app", r#"{"decision":"deny","decision":"approve"}"#, "more than once"),
        ("callback_url=https://my.app&limit=1&limit=2", r#"{"decision":"approve"}"#, "once"),
        ("callback_url=http://evil.example/", r#"{"decision":"approve"}"#, "callback_url"),
        ("", r#"{"decision":"approve"}"#, "code_challenge"),
    ] {
        let response = decide_by_json(&emulator, query, json).await;
        let (status, text) = status_and_message(&response);
        assert_eq!(status, 400, "{query} {json}");
        assert!(text.contains(word), "{query} {json}: {text}");
    }
}
