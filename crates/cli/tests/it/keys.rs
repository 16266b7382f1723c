//! `status`, `token`, `keys link` and `logout`: the key after a login.

use std::fs;

use openrouter_oauth_emulator::Fault;
use serde_json::json;

use crate::{support::serve, user::Home};

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
    let other = served.emulator.issue_key();
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
