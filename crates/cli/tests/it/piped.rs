//! Codes that a program pipes into `login` and `exchange`.

use openrouter_oauth_emulator::{DecisionOutcome, Emulator, Fault, User};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    support::{Finished, block_on, run, run_with_input, serve},
    user::{Home, Login},
};

/// Runs `login --headless --json` with these lines as its input.
fn login(lines: &[&str], fault: Option<Fault>) -> (Finished, usize) {
    let (served, home) = (serve(), Home::new());
    if let Some(fault) = fault {
        served.emulator.inject(fault.on("/auth/keys"));
    }
    let mut login = Login::start(&served, &home, &["--headless"]);
    for line in lines {
        login.paste(line);
    }
    (login.finish(), served.emulator.posts("/auth/keys"))
}

/// Returns the problems that a login reported.
fn problems(finished: &Finished) -> Vec<String> {
    let lines = finished.stderr.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.filter_map(|line: Value| Some(line["problem"].as_str()?.to_owned())).collect()
}

fn rejection(status: u16, message: &str) -> Fault {
    let body = format!(r#"{{"error":{{"message":"{message}","code":{status}}}}}"#);
    Fault::status(status).content_type("application/json").body(body)
}

#[test]
fn piped_code_is_cleaned() {
    // P-2
    let rows: [fn(&str) -> String; 14] = [
        |code| code.to_owned(),
        |code| format!("\"{code}\""),
        |code| format!("'{code}'"),
        |code| format!("<{code}>"),
        |code| format!("`{code}`"),
        |code| format!("{code}&state=STATE"),
        |code| format!("#code={code}"),
        |code| format!("?code={code}&state=STATE"),
        |code| format!("Code: {code}"),
        |code| format!("{}  {}", &code[..10], &code[10..]),
        |code| format!("\u{61c}\u{180e}{code}"),
        |code| format!("\u{2066}{code}\u{2067}\u{2068}\u{2069}"),
        |code| format!("\u{feff}{code}\u{a0}\r"),
        |code| format!("\u{201c}{code}\u{201d}"),
    ];
    for (row, paste) in rows.into_iter().enumerate() {
        let (served, home) = (serve(), Home::new());
        let mut login = Login::start(&served, &home, &["--headless"]);
        let code = login.approve();
        login.paste(&paste(&code));
        let signed_in = login.finish();
        assert_eq!(signed_in.status, Some(0), "row {row}: {signed_in:?}");
        assert_eq!((problems(&signed_in).len(), served.emulator.posts("/auth/keys")), (0, 1), "row {row}");
    }
}

#[test]
fn code_with_the_characters_of_an_address_is_sent() {
    // P-2
    for code in ["auth/code+x?y", "/auth_code", "auth_code//x==", "auth?code/x&state=STATE"] {
        let (rejected, posts) = login(&[code], None);
        assert_eq!((rejected.last_error()["reason"].clone(), posts), (json!("code_invalid"), 1), "{code}");
    }
}

#[test]
fn piped_key_or_foreign_address_is_not_sent() {
    // P-2, P-5
    for (line, cause) in [
        ("sk-or-v1-0e6f", "this is an API key, not a code; it was not sent anywhere"),
        ("OPENROUTER_API_KEY=\"sk-or-v1-0e6f\"", "this is an API key, not a code; it was not sent anywhere"),
        ("http://127.0.0.1:1/callback/x?code=c0de", "this is not the callback of this sign-in"),
        ("", "the input contains no code"),
    ] {
        let (rejected, posts) = login(&[line], None);
        assert_eq!((rejected.status, rejected.stdout.as_str(), posts), (Some(2), "", 0), "{rejected:?}");
        let error = rejected.last_error();
        assert_eq!((&error["kind"], &error["causes"]), (&json!("usage"), &json!([cause])));
        assert_eq!(problems(&rejected), [cause]);
        assert!(!rejected.stderr.contains("0e6f") && !rejected.stderr.contains("c0de"), "{rejected:?}");
    }
}

#[test]
fn rejection_is_reported_after_the_input_has_ended() {
    // P-5
    for lines in [
        &["auth_code_x"][..],
        &["auth_code_x", "sk-or-v1-0e6f"],
        &["https://evil.example/?code=c", "auth_code_x"],
        &["auth_code_x", "", ""],
    ] {
        let (rejected, posts) = login(lines, Some(rejection(403, "Invalid code")));
        assert_eq!((rejected.status, rejected.stdout.as_str(), posts), (Some(3), "", 1), "{rejected:?}");
        let error = rejected.last_error();
        assert_eq!(
            (&error["kind"], &error["http_status"], &error["reason"]),
            (&json!("rejected"), &json!(403), &json!("code_invalid")),
        );
        assert!(
            error["message"].as_str().unwrap().contains("403 Forbidden: Invalid code (request ID "),
            "{error}"
        );
        assert!(problems(&rejected).contains(&"this code was rejected; OpenRouter: Invalid code".to_owned()));
    }
}

#[test]
fn each_rejection_is_reported_with_its_message() {
    // P-5
    let (rejected, posts) = login(&["a"; 3], Some(rejection(400, "Invalid code_challenge_method")));
    assert_eq!((rejected.status, posts), (Some(3), 3), "{rejected:?}");
    assert_eq!(
        problems(&rejected),
        [
            "this code was rejected; OpenRouter: Invalid code_challenge_method",
            "this code was rejected; OpenRouter: Invalid code",
        ],
    );
    assert_eq!(rejected.last_error()["reason"], "code_invalid");
}

#[test]
fn message_of_a_rejection_shows_no_secret() {
    // S-1
    let body = r#"{"error":{"message":"no \u0061uth_code_x, \u202esk-or-v1-0e6f\u009b","code":403}}"#;
    let fault = Fault::status(403).content_type("application/json").body(body);
    let (rejected, posts) = login(&["auth_code_x", "sk-or-v1-0e6f"], Some(fault));
    assert_eq!((rejected.status, posts), (Some(3), 1), "{rejected:?}");
    for hidden in ["auth_code_x", "0e6f", "\u{202e}", "\u{9b}"] {
        assert!(!rejected.stderr.contains(hidden), "{rejected:?}");
    }
    assert!(problems(&rejected)[0].starts_with("this code was rejected; OpenRouter: no [redacted]"));
}

#[test]
fn foreign_response_ends_the_login_with_the_code_unused() {
    // A1
    for (status, content_type, body) in [
        (403, "text/html", "<html>Access denied by your organization</html>"),
        (400, "application/json", r#"{"error":{"message":"#),
        (401, "text/html", "<html>Sign in to the guest network</html>"),
    ] {
        let fault = Fault::status(status).content_type(content_type).body(body);
        let (ended, posts) = login(&["auth_code_x", "auth_code_y"], Some(fault));
        assert_eq!((ended.status, posts, problems(&ended).len()), (Some(3), 1, 0), "{ended:?}");
        let error = ended.last_error();
        assert_eq!(
            (&error["kind"], &error["http_status"], &error["reason"]),
            (&json!("rejected"), &json!(status), &json!("not_from_openrouter")),
        );
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("({status}, {content_type})")), "{message}");
    }
}

#[test]
fn only_a_key_that_may_exist_is_an_unknown_outcome() {
    for (fault, status) in [
        (Fault::status(500), 5),
        (Fault::status(503), 5),
        (Fault::status(503).header("Retry-After", "700"), 7),
        (Fault::status(429).header("Retry-After", "700"), 7),
        (rejection(403, "Invalid code"), 3),
    ] {
        let (ended, posts) = login(&["auth_code_x"], Some(fault));
        assert_eq!((ended.status, posts), (Some(status), 1), "{ended:?}");
    }
    // The key may have been created, so the user needs its label. No message shows what the response contains.
    let html = Fault::status(200).content_type("text/html").body(r#"<p>{"key":"sk-or-v1-0e6f"}</p>"#);
    let gzip = Fault::status(200).content_type("application/json").header("content-encoding", "gzip");
    let bare = Fault::status(503).content_type("text/plain").body("upstream connect error");
    for fault in [html, gzip.body("sk-or-v1-0e6f"), bare] {
        let (served, home) = (serve(), Home::new());
        served.emulator.inject(fault.on("/auth/keys"));
        let mut login = Login::start(&served, &home, &["--headless", "--label", "the label"]);
        login.paste("auth_code_x");
        let ended = login.wait();
        assert_eq!((ended.status, served.emulator.posts("/auth/keys")), (Some(5), 1), "{ended:?}");
        let error = ended.last_error();
        assert_eq!(error["kind"], "outcome_unknown");
        assert!(error["message"].as_str().unwrap().contains("the label"), "{error}");
        assert!(!ended.stderr.contains("0e6f") && !ended.stdout.contains("0e6f"), "{ended:?}");
    }
    // OpenRouter turns the first request away and rejects the second one.
    let (ended, posts) = login(&["auth_code_x"], Some(Fault::status(429).header("Retry-After", "0")));
    assert_eq!((ended.status, posts), (Some(3), 2), "{ended:?}");
}

#[test]
fn timeout_after_a_rejection_names_it_as_the_cause() {
    let (served, home) = (serve(), Home::new());
    let mut login = Login::start(&served, &home, &["--headless", "--timeout", "2"]);
    login.paste("auth_code_x");
    let over = login.wait();
    assert_eq!(over.status, Some(8), "{over:?}");
    let error = over.last_error();
    assert_eq!(error["kind"], "timed_out");
    assert!(error["causes"][0].as_str().unwrap().contains(": Invalid code (request ID "), "{error}");
}

/// Begins a sign-in with a callback. Returns the file of the pending sign-in, and the callback.
fn begin(emulator: &Emulator, url: &str, folder: &TempDir) -> (String, String) {
    let file = folder.path().join("login.json").to_str().unwrap().to_owned();
    let callback = ["--callback", "http://127.0.0.1:18774/callback"];
    let url = run(&[&["url", "--server", url, "--save", &file], &callback[..]].concat());
    match block_on(User::new(emulator.clone()).approve(url.line(), None)).unwrap() {
        DecisionOutcome::Redirected(callback) => (file, callback),
        other => panic!("{other:?}"),
    }
}

#[test]
fn exchange_reads_pasted_addresses_too() {
    // P-2
    let rows: [fn(&str) -> String; 6] = [
        |callback| callback.replacen("http:", "https:", 1),
        |callback| callback.replacen("127.0.0.1", "localhost", 1),
        |callback| callback.replacen("http://127.0.0.1:18774", "https://name-18774.app.github.dev", 1),
        |callback| format!("<{callback}>"),
        |callback| callback.replace(':', "%3A").replace('/', "%2F").replace('?', "%3F").replace('&', "%26"),
        // The input of `exchange` is its first line, so only spaces can wrap it.
        |callback| format!("`{}   {}`", &callback[..40], &callback[40..]),
    ];
    for (row, paste) in rows.into_iter().enumerate() {
        let (served, folder) = (serve(), TempDir::new().unwrap());
        let (file, callback) = begin(&served.emulator, &served.url, &folder);
        let exchange = ["exchange", "--server", &served.url, "--pending", &file];
        for wrong in ["sk-or-v1-0e6f", "http://127.0.0.1:18774/callback/x?code=c0de"] {
            let rejected = run_with_input(&exchange, wrong.as_bytes());
            assert_eq!((rejected.status, served.emulator.posts("/auth/keys")), (Some(2), 0), "{rejected:?}");
        }
        let key = run_with_input(&exchange, paste(&callback).as_bytes());
        assert!(key.line().starts_with("sk-or-v1-"), "row {row}: {key:?}");
    }
    let served = serve();
    let raw = ["exchange", "--without-pkce", "--json", "--server", &served.url];
    for key in [" sk-or-v1-0e6f\n", "\"sk-or-v1-0e6f\"", "OPENROUTER_API_KEY=sk-or-v1-0e6f"] {
        let rejected = run_with_input(&raw, key.as_bytes()).error(2);
        assert!(rejected["message"].as_str().unwrap().contains("not a code"), "{rejected}");
        assert_eq!(served.emulator.posts("/auth/keys"), 0);
    }
}

// macOS has no program that starts another one without a terminal.
#[cfg(any(target_os = "linux", windows))]
#[test]
fn rejection_without_json_is_reported_as_text() {
    use std::io::Write as _;

    use crate::user::{detached, read_until_url};

    #[cfg(target_os = "linux")]
    crate::tools::needs!(crate::tools::SETSID);
    let (served, home) = (serve(), Home::new());
    let mut child = detached(&mut home.program(&["login", "--headless", "--server", &served.url]));
    read_until_url(child.stderr.as_mut().unwrap(), served.origin());
    writeln!(child.stdin.take().unwrap(), "auth_code_x").unwrap();
    let rejected = Finished::from_output(child.wait_with_output().unwrap());
    assert_eq!(rejected.status, Some(3), "{rejected:?}");
    assert!(rejected.stderr.contains("\nthis code was rejected; OpenRouter: Invalid code\n"), "{rejected:?}");
    let error = rejected.stderr.lines().last().unwrap();
    assert!(error.starts_with("error: ") && error.contains(": Invalid code (request ID "), "{error}");
}
