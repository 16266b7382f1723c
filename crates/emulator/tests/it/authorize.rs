//! The consent page, and the requests of its buttons.

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth_emulator::{DecisionError, DecisionOutcome, DenialBehavior, Emulator, Settings, User};

use crate::support::{CHALLENGE, SERVER, body, exchange, get, send};

/// Returns the page's status and HTML.
async fn page(emulator: &Emulator, query: &str) -> (u16, String) {
    let response = send(emulator, Request::get(url(query)).body("").unwrap()).await;
    (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
}

fn user(emulator: &Emulator) -> User {
    User::new(emulator.clone())
}

fn url(query: &str) -> String {
    format!("{SERVER}/auth?{query}")
}

fn with_challenge(rest: &str) -> String {
    format!("code_challenge={CHALLENGE}&code_challenge_method=S256&{rest}")
}

/// Approves without a callback URL and returns the service's description of the key.
async fn approved_key(emulator: &Emulator, query: &str, limit: Option<f64>) -> serde_json::Value {
    let DecisionOutcome::Code(code) = user(emulator).approve(&url(query), limit).await.unwrap() else {
        panic!("no code");
    };
    let key = body(&send(emulator, exchange(&code)).await)["key"].clone();
    body(&send(emulator, get("/api/v1/key", key.as_str().unwrap())).await)["data"].clone()
}

#[tokio::test]
async fn page_shows_the_request() {
    let query =
        with_challenge("callback_url=http://localhost:3000/cb%3Fa%3Db&key_label=My+%3Cb%3Elabel&state=s");
    let (status, html) = page(&Emulator::new(), &query).await;
    assert_eq!(status, 200);
    for part in [
        "<h1>localhost:3000 asks for an API key</h1>",
        "<dd>http://localhost:3000/cb?a=b</dd>",
        "<dd>My &lt;b&gt;label</dd>",
        "<form method=\"post\" action=\"/auth\">",
        &format!("<input type=\"hidden\" name=\"code_challenge\" value=\"{CHALLENGE}\">"),
        "<input type=\"hidden\" name=\"code_challenge_method\" value=\"S256\">",
        "<input type=\"hidden\" name=\"callback_url\" value=\"http://localhost:3000/cb?a=b\">",
        "<input type=\"hidden\" name=\"key_label\" value=\"My &lt;b&gt;label\">",
        "<input type=\"hidden\" name=\"state\" value=\"s\">",
        "Credit limit",
        "<button name=\"decision\" value=\"approve\">Authorize</button>",
        "<button name=\"decision\" value=\"deny\">Deny</button>",
    ] {
        assert!(html.contains(part), "{part} is not in: {html}");
    }
}

#[tokio::test]
async fn page_names_the_key_only_if_the_application_does() {
    for (query, named) in
        [("callback_url=https://my.app&key_label=x", true), ("callback_url=https://my.app", false)]
    {
        let (status, html) = page(&Emulator::new(), query).await;
        assert_eq!((status, html.contains("<dt>Key name</dt>")), (200, named), "{html}");
    }
}

#[tokio::test]
async fn query_never_becomes_markup() {
    let emulator = Emulator::new();
    let script = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    for query in [
        format!("callback_url=https://my.app&key_label={script}&state={script}"),
        format!("callback_url={script}"),
        format!("callback_url=https://my.app&{script}=1&{script}=2"),
    ] {
        let request = Request::get(format!("{SERVER}/auth?{query}")).body("").unwrap();
        let response = send(&emulator, request).await;
        let html = String::from_utf8_lossy(response.body()).into_owned();
        assert!(!html.contains("<script"), "{query}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    }
}

#[tokio::test]
async fn approval_appends_code_and_state_to_the_callback() {
    let emulator = Emulator::new();
    let query = with_challenge("callback_url=http://127.0.0.1:3000/n?a=b&state=s%26t");
    let outcome = user(&emulator).approve(&url(&query), None).await.unwrap();
    let DecisionOutcome::Redirected(url) = outcome else {
        panic!("{outcome:?}");
    };
    let rest = url.strip_prefix("http://127.0.0.1:3000/n?a=b&code=").unwrap();
    let code = rest.strip_suffix("&state=s%26t").unwrap();
    assert!(code.len() >= 32);
    assert!(code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
}

#[tokio::test]
async fn state_echo_can_be_switched_off() {
    let emulator = Emulator::with_settings(Settings::default().state_echo(false));
    let query = "callback_url=https://my.app&state=s";
    let outcome = user(&emulator).deny(&url(query)).await.unwrap();
    let denied = "https://my.app?error=access_denied&error_description=The+user+denied+the+request";
    assert_eq!(outcome, DecisionOutcome::Redirected(denied.to_owned()));
}

#[tokio::test]
async fn denial_redirects_or_is_silent() {
    let url = url("callback_url=https://my.app/?x&state=s");
    let redirected = user(&Emulator::new()).deny(&url).await.unwrap();
    let denied =
        "https://my.app/?x&error=access_denied&error_description=The+user+denied+the+request&state=s";
    assert_eq!(redirected, DecisionOutcome::Redirected(denied.to_owned()));

    let silent = Emulator::with_settings(Settings::default().denial(DenialBehavior::Silent));
    assert_eq!(user(&silent).deny(&url).await.unwrap(), DecisionOutcome::Denied);
}

#[tokio::test]
async fn page_shows_the_code_without_a_callback() {
    let emulator = Emulator::new();
    let query = with_challenge("key_label=x");
    let key = approved_key(&emulator, &query, Some(2.5)).await;
    assert_eq!((&key["limit"], &key["label"]), (&2.5.into(), &"x".into()));
    assert_eq!(user(&emulator).deny(&url(&query)).await.unwrap(), DecisionOutcome::Denied);

    let form = Request::post(format!("{SERVER}/auth")).body(query + "&decision=approve").unwrap();
    let shown = send(&emulator, form).await;
    let html = String::from_utf8_lossy(shown.body());
    let (_, code) = html.split_once("<code class=\"code\" id=\"code\">").unwrap();
    let (code, _) = code.split_once("</code>").unwrap();
    assert_eq!(send(&emulator, exchange(code)).await.status(), 200);
}

#[tokio::test]
async fn user_can_change_the_suggested_limit() {
    let emulator = Emulator::new();
    let query = with_challenge("limit=7");
    let (_, html) = page(&emulator, &query).await;
    assert!(
        html.contains("<input name=\"limit\" inputmode=\"decimal\" autocomplete=\"off\" value=\"7\">"),
        "{html}"
    );
    for (limit, granted) in [(None, 7.0), (Some(3.0), 3.0)] {
        assert_eq!(approved_key(&emulator, &query, limit).await["limit"], granted);
    }
}

/// Presses a button of the page for `https://my.app`, with this limit.
async fn press(emulator: &Emulator, button: &str, limit: &str) -> Response<Bytes> {
    let form = format!("callback_url=https://my.app&state=s&limit={limit}&decision={button}");
    send(emulator, Request::post(format!("{SERVER}/auth")).body(form).unwrap()).await
}

#[tokio::test]
async fn page_asks_again_for_an_invalid_limit() {
    let emulator = Emulator::new();
    for limit in ["5,50", "$5", "abc", "-1", "inf", "NaN"] {
        let again = press(&emulator, "approve", limit).await;
        assert_eq!(again.status(), 400, "{limit}");
        let html = String::from_utf8_lossy(again.body());
        for part in [
            "<p role=\"alert\">The limit must be a number of US dollars",
            "name=\"callback_url\" value=\"https://my.app\"",
            "name=\"state\" value=\"s\"",
            &format!("value=\"{limit}\"></label>"),
            "value=\"approve\"",
        ] {
            assert!(html.contains(part), "{limit}: {part} is not in: {html}");
        }
    }
    assert_eq!(press(&emulator, "approve", "5.50").await.status(), 303);
    assert_eq!(press(&emulator, "approve", "").await.status(), 303);
}

#[tokio::test]
async fn denial_ignores_an_invalid_limit() {
    let denied = press(&Emulator::new(), "deny", "abc").await;
    assert_eq!(denied.status(), 303);
    assert!(denied.headers()["location"].to_str().unwrap().contains("error=access_denied"));
}

#[tokio::test]
async fn page_shows_and_keeps_the_workspace() {
    let [proposed, required] =
        ["123e4567-e89b-12d3-a456-426614174000", "223e4567-e89b-12d3-a456-426614174000"];
    let emulator = Emulator::new();
    for (query, workspace) in [
        (format!("workspace_id={proposed}"), Some(proposed)),
        (format!("required_workspace_id={required}"), Some(required)),
        (format!("workspace_id={proposed}&required_workspace_id={required}"), Some(required)),
        (String::new(), None),
    ] {
        let query = with_challenge(&query);
        let (_, html) = page(&emulator, &query).await;
        let shown = workspace.map(|id| format!("<dt>Workspace</dt><dd>{id}</dd>"));
        assert!(html.contains(shown.as_deref().unwrap_or("</dl>")), "{query}");
        assert_eq!(html.contains("<dt>Workspace</dt>"), workspace.is_some(), "{query}");
        // The form carries both.
        for (name, value) in [("workspace_id", proposed), ("required_workspace_id", required)] {
            let field = format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
            assert_eq!(html.contains(&field), query.contains(&format!("&{name}={value}")), "{query}");
        }
        let key = approved_key(&emulator, &query, None).await;
        assert_eq!(key["workspace_id"].as_str(), workspace, "{query}");
    }
}

#[tokio::test]
async fn debug_of_an_outcome_shows_no_code() {
    let user = user(&Emulator::new());
    let code = user.approve(&url(&with_challenge("")), None).await.unwrap();
    assert_eq!(format!("{code:?}"), "Code(..)");
    let redirected = user.approve(&url("callback_url=https://my.app"), None).await.unwrap();
    assert_eq!(format!("{redirected:?}"), "Redirected(..)");
}

#[tokio::test]
async fn invalid_request_is_explained_on_a_page() {
    let emulator = Emulator::new();
    let long = format!("callback_url=https://my.app&key_label={}", "x".repeat(101));
    for (query, word) in [
        ("", "code_challenge"),
        ("key_label=x", "code_challenge"),
        ("callback_url=javascript:alert(1)", "callback_url"),
        ("callback_url=http://evil.example/", "callback_url"),
        ("callback_url=vscode://app/cb", "callback_url"),
        ("callback_url=http://[::1]/", "callback_url"),
        ("callback_url=https://my.app&code_challenge_method=S256", "code_challenge_method"),
        ("callback_url=https://my.app&code_challenge=x&code_challenge_method=md5", "code_challenge_method"),
        ("callback_url=https://my.app&code_challenge=x&code_challenge_method=S256", "code_challenge"),
        ("callback_url=https://my.app&workspace_id=x", "UUID"),
        ("callback_url=https://my.app&required_workspace_id=x", "UUID"),
        ("callback_url=https://my.app&limit=-1", "limit"),
        ("callback_url=https://my.app&limit=NaN", "limit"),
        ("callback_url=https://my.app&limit=inf", "limit"),
        ("callback_url=https://my.app&callback_url=https://evil", "more than once"),
        ("callback_url=https://my.app&key_label=a%0Ab", "key_label"),
        (&long, "key_label"),
    ] {
        let (status, html) = page(&emulator, query).await;
        assert_eq!(status, 400, "{query}");
        assert!(html.contains("This request cannot be authorized") && html.contains(word), "{query}: {html}");
        match user(&emulator).approve(&url(query), None).await {
            Err(DecisionError::Rejected { status, message }) => {
                assert_eq!(status, 400, "{query}");
                assert!(message.contains(word), "{query}: {message}");
            }
            other => panic!("{query}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn forged_form_is_rejected() {
    let emulator = Emulator::new();
    for form in [
        "callback_url=javascript:alert(1)&decision=approve",
        "callback_url=http://evil/&decision=deny",
        "callback_url=https://my.app",
        "callback_url=https://my.app&decision=maybe",
        "decision=approve",
        "",
    ] {
        let request = Request::post(format!("{SERVER}/auth")).body(form).unwrap();
        let response = send(&emulator, request).await;
        assert_eq!(response.status(), 400, "{form}");
        assert!(!response.headers().contains_key("location"));
    }
}

#[tokio::test]
async fn decision_in_the_query_is_ignored() {
    let query = "callback_url=https://my.app&decision=approve";
    let (status, html) = page(&Emulator::new(), query).await;
    assert!(status == 200 && html.contains("asks for an API key"));
}
