//! Each operation: its success, its rejection, its exit status.

use openrouter_oauth_emulator::{Fault, GatewayResponse};
use serde_json::json;

use crate::support::{Served, run, run_with, run_with_input, serve, unreachable};

const CREATE_CODE: &[&str] = &["create-code", "--json", "--callback", "https://my.app/cb"];

#[test]
fn exchange_accepts_the_pkce_pair() {
    let served = serve();
    let key = served.emulator.issue_management_key();
    let pair = run(&["pkce", "--json"]).json();
    assert_eq!(pair["code_challenge_method"], "S256");

    let options = ["--server", &served.url, "--challenge", pair["code_challenge"].as_str().unwrap()];
    let limits = ["--label", "from a shell", "--limit", "5", "--limit-reset", "daily"];
    let end = ["--expires-at", "2100-01-01T00:00:00Z"];
    let code =
        run_with(&[CREATE_CODE, &options, &limits, &end].concat(), &[("OPENROUTER_API_KEY", &key)]).json();
    assert!(code["app_id"].is_number() && code["created_at"].is_string());

    let verifier = pair["code_verifier"].as_str().unwrap();
    let variables =
        [("OPENROUTER_CODE", code["id"].as_str().unwrap()), ("OPENROUTER_CODE_VERIFIER", verifier)];
    let grant = run_with(&["exchange", "--json", "--server", &served.url], &variables).json();

    let new_key = grant["key"].as_str().unwrap();
    let about =
        run_with(&["status", "--json", "--server", &served.url], &[("OPENROUTER_API_KEY", new_key)]).json();
    assert_eq!(about["label"], "from a shell");
    assert_eq!((&about["limit"], &about["limit_reset"]), (&json!(5.0), &json!("daily")));
}

#[test]
fn challenge_may_begin_with_a_hyphen() {
    let served = serve();
    let key = served.emulator.issue_management_key();
    let challenge = format!("-{}", "x".repeat(42));
    let options = ["--server", &served.url, "--challenge", &challenge];
    let code = run_with(&[CREATE_CODE, &options].concat(), &[("OPENROUTER_API_KEY", &key)]).json();
    assert!(code["id"].is_string());
}

#[test]
fn code_without_pkce_needs_its_own_option() {
    // C-4
    let served = serve();
    let key = served.emulator.issue_management_key();
    let target = ["--server", &served.url];
    let create = [CREATE_CODE, &target].concat();
    let variables = [("OPENROUTER_API_KEY", key.as_str())];
    assert_eq!(run_with(&create, &variables).error(2)["kind"], "usage");
    let code = run_with(&[&create[..], &["--without-pkce"]].concat(), &variables).json();

    let exchange = ["exchange", "--json", "--server", &served.url];
    let variables = [("OPENROUTER_CODE", code["id"].as_str().unwrap())];
    assert_eq!(run_with(&exchange, &variables).error(2)["kind"], "usage");
    assert_eq!(served.emulator.posts("/auth/keys"), 0);
    let grant = run_with(&[&exchange[..], &["--without-pkce"]].concat(), &variables).json();
    assert!(grant["key"].is_string());
}

#[test]
fn exchanged_token_verifies_with_the_shown_keys() {
    let served = serve();
    let target = ["--server", served.url.as_str()];
    let token =
        [&["exchange-token", "--json", "--policy", "policy", "--scope", "inference"], &target[..]].concat();
    // {"alg":"none"}.{"exp":4102444800}.signature
    let jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl";
    let result = run_with(&token, &[("OPENROUTER_SUBJECT_TOKEN", jwt)]).json();
    assert_eq!((&result["token_type"], &result["scope"]), (&json!("Bearer"), &json!("inference")));
    assert!(result["access_token"].is_string());

    let error = run_with_input(&token, b"not_a_jwt").error(3);
    assert_eq!(error["http_status"], 400);

    let set = run(&[&["jwks", "--json"], &target[..]].concat()).json();
    assert_eq!(set["keys"][0]["kty"], "EC");
    assert!(run(&[&["jwks"], &target[..]].concat()).line().starts_with("EC P-256 ES256 "));
}

#[test]
fn rejected_key_ends_with_status_3() {
    let served = serve();
    for arguments in [
        &["status", "--json", "--server", &served.url][..],
        &[CREATE_CODE, &["--without-pkce", "--server", &served.url]].concat(),
    ] {
        let error = run_with(arguments, &[("OPENROUTER_API_KEY", "sk-or-v1-canary")]).error(3);
        assert_eq!((&error["kind"], &error["http_status"]), (&json!("rejected"), &json!(401)));
        assert_eq!(error["reason"], "unauthorized");
        assert!(!error.to_string().contains("canary"));
    }
}

#[test]
fn error_shows_one_line_per_cause() {
    let (Served { url: server, .. }, _port) = unreachable();
    let jwks = run(&["jwks", "--server", &server]);
    assert_eq!((jwks.status, jwks.stdout.as_str()), (Some(4), ""));
    let mut lines = jwks.stderr.lines();
    assert!(lines.next().unwrap().starts_with("error: OpenRouter could not be reached"));
    assert!(lines.all(|line| line.starts_with("  cause: ")), "{jwks:?}");

    let error = run(&["jwks", "--json", "--server", &server]).error(4);
    assert_eq!(error["kind"], "not_sent");
    assert!(!error["causes"].as_array().unwrap().is_empty());
}

#[test]
fn each_kind_of_failure_has_its_status() {
    let served = serve();
    let key = served.emulator.issue_management_key();
    let create = [CREATE_CODE, &["--without-pkce", "--server", &served.url]].concat();
    let on = |fault: Fault| fault.on("/auth/keys/code");
    // 10, not 5: a code may have been created, but no key.
    for (fault, status, kind) in [
        (on(Fault::status(429)), 7, "wait"),
        // A1: without a `Retry-After`, a 503 does not show that nothing was created.
        (on(Fault::status(503).header("Retry-After", "7")), 7, "wait"),
        (on(Fault::status(503)), 10, "outcome_unknown"),
        (on(Fault::status(409)), 3, "rejected"),
        (on(Fault::redirect(307, "http://127.0.0.1:1/")), 3, "rejected"),
        (on(Fault::status(500)), 10, "outcome_unknown"),
        (on(Fault::status(403).body("<html>Access denied</html>")), 3, "rejected"),
        (on(Fault::status(408)), 10, "outcome_unknown"),
        (on(Fault::cut_after(10)), 10, "outcome_unknown"),
        (on(Fault::drop_after_commit()), 10, "outcome_unknown"),
    ] {
        served.emulator.inject(fault);
        let before = served.emulator.posts("/auth/keys/code");
        let error = run_with(&create, &[("OPENROUTER_API_KEY", &key)]).error(status);
        assert_eq!(error["kind"], kind, "{error}");
        assert_eq!(served.emulator.posts("/auth/keys/code"), before + 1, "sent once");
    }
}

#[test]
fn failed_read_never_ends_with_status_5() {
    // A2
    for (fault, status, kind) in [
        (Fault::status(200).body("<html>Welcome to HotelWifi</html>"), 3, "unexpected_response"),
        (Fault::status(200).body("[]"), 3, "unexpected_response"),
        (Fault::status(200).body(r#"{"issuer":"https://example.com"}"#), 3, "unexpected_response"),
        (Fault::status(403).body("<html>Just a moment...</html>"), 3, "rejected"),
        (Fault::cut_after(10), 4, "no_response"),
        (Fault::status(500), 3, "rejected"),
        (Fault::status(503), 7, "wait"),
    ] {
        // A read is sent up to three times.
        let served = serve();
        for _ in 0..3 {
            served.emulator.inject(fault.clone().on("/oauth/jwks"));
        }
        let error = run(&["jwks", "--json", "--server", &served.url]).error(status);
        assert_eq!(error["kind"], kind, "{error}");
    }
}

#[test]
fn unknown_exchange_ends_with_status_5() {
    let served = serve();
    served.emulator.inject(Fault::status(503).on("/auth/keys"));
    let exchange = ["exchange", "--without-pkce", "--json", "--server", &served.url];
    let error = run_with(&exchange, &[("OPENROUTER_CODE", "auth_code_canary")]).error(5);
    assert_eq!(error["kind"], "outcome_unknown");
    assert!(error["message"].as_str().unwrap().contains("a key may have been created"), "{error}");
}

#[test]
fn exchange_does_not_send_a_key() {
    let served = serve();
    let exchange = ["exchange", "--without-pkce", "--json", "--server", &served.url];
    for code in ["sk-or-v1-canary", "OPENROUTER_API_KEY=sk-or-v1-canary"] {
        let error = run_with(&exchange, &[("OPENROUTER_CODE", code)]).error(2);
        assert_eq!(error["message"], "this is an API key, not a code; it was not sent anywhere", "{code}");
    }
    assert_eq!(served.emulator.posts("/auth/keys"), 0);
}

#[test]
fn json_error_has_the_request_id() {
    const ID: &str = "7f1c0c2e-4a6e-4d0b-9c3a-1b7f1f0f2c11";

    let key = "sk-or-v1-canary";
    let invalid_code = r#"{"error":{"message":"Invalid code","code":403}}"#;
    let create = [CREATE_CODE, &["--without-pkce"]].concat();
    for (command, path, fault, status) in [
        (
            &["exchange", "--without-pkce", "--json"][..],
            "/auth/keys",
            Fault::status(403).body(invalid_code).content_type("application/json"),
            3,
        ),
        (&create, "/auth/keys/code", Fault::status(500), 10),
        (&["jwks", "--json"], "/oauth/jwks", Fault::status(200).body("<html>"), 3),
    ] {
        let served = serve();
        served.emulator.inject(fault.header("x-request-id", ID).on(path));
        let arguments = [command, &["--server", &served.url]].concat();
        let variables = [("OPENROUTER_CODE", "auth_code_canary"), ("OPENROUTER_API_KEY", key)];
        let error = run_with(&arguments, &variables).error(status);
        assert_eq!(error["request_id"], ID, "{error}");
    }
    let served = serve();
    served.emulator.inject(Fault::gateway(GatewayResponse::CorporateProxy403).on("/oauth/jwks"));
    assert!(run(&["jwks", "--json", "--server", &served.url]).error(3).get("request_id").is_none());
}

#[test]
fn server_may_have_no_path() {
    let served = serve();
    let set = run(&["jwks", "--json", "--server", served.origin()]).json();
    assert_eq!(set["keys"][0]["kty"], "EC");
    let set = run_with(&["jwks", "--json"], &[("OPENROUTER_BASE_URL", served.origin())]).json();
    assert_eq!(set["keys"][0]["kty"], "EC");
}

#[test]
fn wait_of_a_read_is_reported_whole() {
    let served = serve();
    served.emulator.inject(Fault::status(429).header("Retry-After", "3600").on("/oauth/jwks"));
    let error = run(&["jwks", "--json", "--server", &served.url]).error(7);
    assert_eq!((&error["kind"], &error["retry_after_seconds"]), (&json!("wait"), &json!(3600.0)));
    assert!(error["message"].as_str().unwrap().contains("3600 s"), "{error}");
}
