//! `status`, `token`, `keys link` and `logout`: the key after a login.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use openrouter_oauth::models::Timestamp;
use openrouter_oauth_emulator::Fault;
use serde_json::{Value, json};

use crate::{
    support::{Finished, Served, run, run_with, serve},
    user::Home,
};

#[test]
fn key_lives_from_login_to_logout() {
    let (served, home) = (serve(), Home::new());
    let target = ["--server", served.url.as_str()];
    home.store_key(&served);

    let key = home.run(&[&["token"], &target[..]].concat()).line().to_owned();
    assert_eq!(home.run(&[&["token", "--json"], &target[..]].concat()).json(), json!({ "key": key }));
    let links = home.run(&[&["keys", "link", "--json"], &target[..]].concat()).json();
    let settings = links["settings"].as_str().unwrap();
    assert!(settings.starts_with("https://openrouter.ai/keys/"), "{links}");
    let words = home.run(&[&["keys", "link"], &target[..]].concat());
    assert_eq!(
        words.line(),
        format!("activity  {}\nsettings  {settings}", links["activity"].as_str().unwrap())
    );

    // S-9: it reports that the key stays valid, and where to delete it.
    let logout = home.run(&[&["logout"], &target[..]].concat());
    assert_eq!(logout.line(), settings);
    assert!(logout.stderr.contains("stays valid"), "{logout:?}");
    assert!(!fs::read_to_string(home.file()).unwrap_or_default().contains(&key));
    for command in [
        &["status"][..],
        &["token"],
        &["keys", "link"],
        &["create-code", "--without-pkce", "--callback", "https://my.app/cb"],
    ] {
        let error = home.run(&[command, &["--json"], &target].concat()).error(9);
        assert_eq!(error["kind"], "not_signed_in", "{command:?}");
    }
    let again = home.run(&[&["logout", "--json"], &target[..]].concat()).json();
    assert_eq!(again, json!({ "removed": [] }));
}

#[test]
fn logout_reports_its_keys_as_json() {
    let (served, home) = (serve(), Home::new());
    home.store_key(&served);
    let removed = home.run(&["logout", "--json", "--server", &served.url]).json()["removed"].take();
    assert_eq!((removed.as_array().unwrap().len(), &removed[0]["store"]), (1, &json!("file")));
    assert!(removed[0]["settings"].as_str().unwrap().starts_with("https://openrouter.ai/keys/"));
}

#[test]
fn status_describes_the_key_in_words() {
    let (served, home) = (serve(), Home::new());
    home.store_key(&served);
    let about = home.run(&["status", "--server", &served.url]);
    let lines: Vec<_> = about.line().lines().collect();
    assert_eq!(lines[0], format!("key       {:?}", home.file()));
    assert_eq!(lines[1], format!("service   {}", served.origin()));
    assert!(lines.contains(&"label     stored by a test") && lines.contains(&"expires   never"), "{about:?}");
    assert!(!about.stdout.contains("api_key_hash"), "`keys link` shows the links");
}

#[test]
fn environment_key_takes_precedence_over_the_store() {
    let (served, home) = (serve(), Home::new());
    let target = ["--json", "--server", &served.url];
    home.store_key(&served);
    let other = served.emulator.issue_management_key();
    let variable = [("OPENROUTER_API_KEY", other.as_str())];
    let status = home.run_with(&[&["status"], &target[..]].concat(), &variable).json();
    assert_eq!(status["source"], "environment");
    assert_ne!(status["label"], "stored by a test");
    let links = home.run_with(&[&["keys", "link"], &target[..]].concat(), &variable).json();
    assert_ne!(links, home.run(&[&["keys", "link"], &target[..]].concat()).json());
    // `token` ignores the variable, because users set the variable from its output.
    let token = home.run_with(&[&["token"], &target[..]].concat(), &variable).json();
    assert_ne!(token["key"], other);

    let logout = home.run_with(&["logout", "--server", &served.url], &variable);
    assert!(logout.stderr.contains("OPENROUTER_API_KEY is still set"), "{logout:?}");
}

#[test]
fn stored_key_goes_to_its_own_service_only() {
    // S-10
    let (served, other, home) = (serve(), serve(), Home::new());
    home.store_key(&served);
    let error = home.run(&["status", "--json", "--server", &other.url]).error(9);
    assert_eq!(error["kind"], "not_signed_in");
    assert_eq!(other.emulator.log().len(), 0);
}

#[test]
fn only_the_service_decides_that_a_key_is_bad() {
    for (fault, status, exit, is_bad) in [
        (Fault::status(401), 401, 3, true),
        // A1: only a 401 in OpenRouter's envelope shows that a key is bad. A 403 can be a spent limit.
        (Fault::status(403), 403, 3, false),
        (Fault::status(404), 404, 3, false),
        (Fault::status(401).body("<html>Sign in to the network</html>"), 401, 3, false),
    ] {
        let (served, home) = (serve(), Home::new());
        home.store_key(&served);
        served.emulator.inject(fault.on("/key"));
        let error = home.run(&["status", "--json", "--server", &served.url]).error(exit);
        let message = error["message"].as_str().unwrap();
        assert_eq!(message.contains("create another"), is_bad, "{error}");
        assert_eq!(error["http_status"], status);
        // `status` does not remove the key.
        assert!(home.run(&["token", "--server", &served.url]).line().starts_with("sk-or-v1-"));
    }
}

/// Runs `status` on a key that the service describes like this.
fn status_of(info: &Value, arguments: &[&str]) -> Finished {
    let served = serve();
    let described = Fault::status(200).body(json!({ "data": info }).to_string());
    served.emulator.inject(described.content_type("application/json").on("/key"));
    let arguments = [&["status", "--server", &served.url], arguments].concat();
    run_with(&arguments, &[("OPENROUTER_API_KEY", "sk-or-v1-canary")])
}

#[test]
fn masked_key_as_label_is_shown_whole() {
    // A11
    let label = "sk-or-v1-0e6...1c96";
    let info = json!({ "label": label });
    let lines = status_of(&info, &[]);
    assert!(lines.line().lines().any(|line| line == format!("label     {label}")), "{lines:?}");
    assert_eq!(status_of(&info, &["--json"]).json()["label"], label);
}

#[test]
fn invisible_characters_are_not_printed() {
    let info = json!({ "label": "a\u{9b}31mb\u{202e}c", "limit_reset": "\u{202e}d", "a\u{9b}": "\u{2066}" });
    for arguments in [&[][..], &["--json"]] {
        let shown = status_of(&info, arguments);
        let is_invisible = |c: char| c != '\n' && openrouter_oauth::models::is_invisible(c);
        assert!(!shown.line().chars().any(is_invisible), "{shown:?}");
    }
    let json = status_of(&info, &["--json"]);
    assert!(json.stdout.contains(r#""label":"a\u009b31mb\u202ec""#), "{json:?}");
    assert_eq!(json.json()["a\u{9b}"], "\u{2066}", "escapes lose nothing");
}

#[test]
fn usage_of_the_limits_period_is_shown_with_the_lifetimes() {
    let usage = json!({
        "limit": 5, "limit_remaining": 4.5, "usage": 12.25, "usage_daily": 0.5, "usage_weekly": 1, "usage_monthly": 2,
    });
    for (reset, used) in [
        ("daily", Some("used      0.5 USD today (UTC)")),
        ("weekly", Some("used      1 USD this week (UTC)")),
        ("monthly", Some("used      2 USD this month (UTC)")),
        ("hourly", None),
    ] {
        let mut info = usage.clone();
        info["limit_reset"] = json!(reset);
        let status = status_of(&info, &[]);
        let lines: Vec<_> = status.line().lines().collect();
        assert!(lines.contains(&format!("limit     5 USD, {reset}").as_str()), "{status:?}");
        assert!(lines.contains(&"lifetime  12.25 USD used"), "{status:?}");
        assert_eq!(lines.iter().find(|line| line.starts_with("used ")).copied(), used, "{status:?}");
        assert_eq!(status.stderr, "");
    }
}

#[test]
fn status_warns_unless_quiet() {
    let in_days = |days: u64| {
        let time = SystemTime::now() + Duration::from_secs(days * 24 * 60 * 60);
        Timestamp::from_unix_seconds(Timestamp::try_from(time).unwrap().as_unix_seconds())
            .unwrap()
            .to_string()
    };
    let fine = json!({ "limit": 5, "limit_remaining": 0.5, "expires_at": in_days(8) });
    assert_eq!(status_of(&fine, &[]).stderr, "");

    let low =
        json!({ "limit": 5, "limit_remaining": 0.4, "limit_reset": "daily", "expires_at": in_days(30) });
    let limit = "only 0.4 USD of the key's daily limit of 5 USD is left";
    let soon = json!({ "limit": null, "expires_at": in_days(6) });
    let expires = format!("the key expires at {}, in less than a week", soon["expires_at"].as_str().unwrap());
    for (info, warning) in [(low, limit), (soon, &expires)] {
        let warned = status_of(&info, &[]);
        assert_eq!((warned.status, warned.stderr.as_str()), (Some(0), &*format!("warning: {warning}\n")));
        let quiet = status_of(&info, &["--quiet"]);
        assert_eq!((quiet.status, quiet.stderr.as_str()), (Some(0), ""));
        let json = status_of(&info, &["--json"]);
        assert_eq!(json.result(0)["expires_at"], info["expires_at"]);
        assert_eq!(serde_json::from_str::<Value>(&json.stderr).unwrap(), json!({ "warning": warning }));
        assert_eq!(status_of(&info, &["--json", "--quiet"]).json()["expires_at"], info["expires_at"]);
    }
}

#[test]
fn json_status_has_every_field() {
    let info = json!({
        "label": "x", "workspace_id": "0df9e665-d932-5740-b2c7-b52af166bc11", "organization_id": "org_1",
        "allowed_data_regions": ["europe"], "free_model_daily_requests": { "limit": 50, "remaining": 0, "used": 50 },
        "budgets": [], "effective_budget": null, "a_field_of_2027": true, "source": "theirs",
    });
    let status = status_of(&info, &["--json"]);
    let shown = status.json();
    for (name, value) in info.as_object().unwrap() {
        // Our own field comes first.
        let value = if name == "source" { &json!("environment") } else { value };
        assert_eq!(&shown[name], value, "{name}");
    }
    assert_eq!(status.stdout.matches(r#""source""#).count(), 1);
}

#[test]
fn odd_fields_do_not_fail_status() {
    for (info, line) in [
        (json!({ "label": "x", "rate_limit": "none" }), "label     x"),
        (json!({ "label": "x", "usage": "1.5", "limit_reset": 3 }), "label     x"),
        (json!({ "label": "x", "expires_at": "2027-12-31T23:59Z" }), "expires   2027-12-31T23:59:00Z"),
    ] {
        let status = status_of(&info, &["--quiet"]);
        assert!(status.line().lines().any(|shown| shown == line), "{status:?}");
    }
}

#[test]
fn response_of_something_else_does_not_advise_logging_in() {
    for (status, kind) in [(403, "rejected"), (401, "rejected"), (200, "unexpected_response")] {
        let (served, home) = (serve(), Home::new());
        home.store_key(&served);
        let page = || {
            Fault::status(status).body("<html>Just a moment...</html>").content_type("text/html").on("/key")
        };
        served.emulator.inject(page());
        let error = home.run(&["status", "--json", "--server", &served.url]).error(3);
        let message = error["message"].as_str().unwrap();
        let expected = format!(
            "could not check the stored key: something other than OpenRouter responded ({status}, text/html)"
        );
        assert!(message.starts_with(&expected), "{error}");
        assert!(!message.contains("login") && !message.contains("create"), "{error}");
        assert_eq!((&error["kind"], &error["http_status"]), (&json!(kind), &json!(status)));

        served.emulator.inject(page());
        let variable = [("OPENROUTER_API_KEY", "sk-or-v1-canary")];
        let error = home.run_with(&["status", "--json", "--server", &served.url], &variable).error(3);
        assert!(
            error["message"].as_str().unwrap().starts_with("could not check the key in OPENROUTER_API_KEY: ")
        );
    }
}

#[test]
fn limited_key_is_not_replaced() {
    let served = serve();
    let limited = r#"{"error":{"message":"Key limit exceeded (total limit).","code":403}}"#;
    served.emulator.inject(Fault::status(403).body(limited).content_type("application/json").on("/key"));
    let status = ["status", "--json", "--server", &served.url];
    let error = run_with(&status, &[("OPENROUTER_API_KEY", "sk-or-v1-canary")]).error(3);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("Key limit exceeded") && !message.contains("login"), "{error}");
}

#[test]
fn dead_key_in_the_environment_has_to_be_unset() {
    let (served, home) = (serve(), Home::new());
    home.store_key(&served);
    let dead = [("OPENROUTER_API_KEY", "sk-or-v1-canary")];
    let run = |command: &[&str]| home.run_with(&[command, &["--server", &served.url]].concat(), &dead);
    for command in [
        &["status", "--json"][..],
        &["create-code", "--json", "--without-pkce", "--callback", "https://my.app/cb"],
    ] {
        let error = run(command).error(3);
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains("takes precedence") && message.contains("unset OPENROUTER_API_KEY"),
            "{error}"
        );
        assert!(!message.contains("openrouter-oauth login"), "{error}");
        assert_eq!(error["reason"], "unauthorized");
    }
    // `keys link` sends nothing, so it cannot find out that the key is dead.
    let links = run(&["keys", "link"]);
    assert!(links.stderr.contains("OPENROUTER_API_KEY, which takes precedence"), "{links:?}");
    for arguments in [&["login"][..], &["login", "--json"]] {
        let login = run(arguments);
        assert_eq!(login.status, Some(0), "{login:?}");
        assert!(login.stderr.contains("OPENROUTER_API_KEY is set and takes precedence"), "{login:?}");
        assert!(login.stderr.contains("unset it"), "{login:?}");
    }
    assert_eq!(home.run(&["status", "--server", &served.url]).status, Some(0));
}

#[test]
fn advised_login_has_the_server() {
    let (served, home) = (serve(), Home::new());
    let login = |served: &Served| format!("run `openrouter-oauth login --server {:?}` to create", served.url);
    let error = home.run(&["status", "--json", "--server", &served.url]).error(9);
    assert!(error["message"].as_str().unwrap().contains(&login(&served)), "{error}");

    home.store_key(&served);
    served.emulator.inject(Fault::status(401).on("/key"));
    let error = home.run(&["status", "--json", "--server", &served.url]).error(3);
    assert!(error["message"].as_str().unwrap().contains(&login(&served)), "{error}");

    let error = home.run_with(&["status", "--json"], &[("OPENROUTER_BASE_URL", served.origin())]);
    assert!(error.status == Some(0), "the origin's key: {error:?}");
}

#[test]
fn logout_reports_a_store_that_it_could_not_read() {
    let (served, home) = (serve(), Home::new());
    home.block_file();
    let logout = home.run(&["logout", "--server", &served.url]);
    assert_eq!((logout.status, logout.stdout.as_str()), (Some(1), ""), "{logout:?}");
    assert!(logout.stderr.contains("could not look for a key in "), "{logout:?}");
    assert!(!logout.stderr.contains("No key was stored"), "{logout:?}");

    // Without a home, there is no folder to look in.
    let logout = run(&["logout", "--server", &served.url]);
    assert_eq!(logout.status, Some(1), "{logout:?}");
    assert!(logout.stderr.contains("could not look for a key in the key file"), "{logout:?}");
    assert!(!logout.stderr.contains("No key was stored"), "{logout:?}");

    let logout = Home::new().run(&["logout", "--server", &served.url]);
    assert_eq!((logout.status, logout.stderr.as_str()), (Some(0), "No key was stored.\n"));
}
