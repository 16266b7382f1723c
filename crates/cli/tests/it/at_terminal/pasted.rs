//! What users paste at the prompt: addresses in many forms, wrong codes, and keys.

use openrouter_oauth_emulator::Fault;

use super::{AtTerminal, QUESTION};
use crate::tools::{SETSID, needs};

/// A rejection in OpenRouter's envelope.
fn rejection(status: u16, message: &str) -> Fault {
    let body = format!(r#"{{"error":{{"message":"{message}","code":{status}}}}}"#);
    Fault::status(status).content_type("application/json").body(body).on("/auth/keys")
}

/// Percent-encodes a whole URL.
fn encoded(url: &str) -> String {
    let escape =
        |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02X}", u32::from(c)) };
    url.chars().map(escape).collect()
}

#[test]
fn pasted_address_counts_by_its_attempt_id() {
    // P-2
    needs!(SETSID);
    let rows: [fn(&str, &str) -> String; 11] = [
        |callback, _| callback.to_owned(),
        // A browser that insists on HTTPS.
        |callback, _| callback.replacen("http://", "https://", 1),
        |_, path| format!("http://localhost:18774{path}"),
        |_, path| format!("http://127.0.0.1:9{path}"),
        |_, path| format!("https://name-18774.app.github.dev{path}"),
        // A browser that hides the scheme.
        |callback, _| callback.replacen("http://", "", 1),
        |_, path| path.to_owned(),
        |callback, _| format!("<{callback}>"),
        |callback, _| format!("`{callback}`"),
        |callback, _| format!("  \"{callback}\" "),
        |callback, _| encoded(callback),
    ];
    for (row, paste) in rows.into_iter().enumerate() {
        let mut login = AtTerminal::login(&["--no-browser"], &[]);
        let callback = login.approve();
        let path = callback.find("/callback/").unwrap();
        let pasted = paste(&callback, &callback[path..]);
        login.terminal.enter(&format!("{pasted}\r"));
        assert!(login.home_has_key_after_end(), "row {row}: {pasted}\n{}", login.terminal.shown());
    }
}

#[test]
fn pasted_code_is_cleaned_at_a_terminal() {
    // P-2
    needs!(SETSID);
    for headless in [true, false] {
        let rows: [fn(&str) -> String; 7] = [
            |code| format!("\"{code}\""),
            |code| format!("'{code}'"),
            |code| format!("Code: {code}"),
            |code| format!("#code={code}"),
            |code| format!("\u{61c}\u{180e}\u{2066}{code}\u{2069}"),
            // A wrapped row.
            |code| format!("{} {}", &code[..12], &code[12..]),
            |code| format!("\u{1b}[200~{code}\u{1b}[201~"),
        ];
        for (row, paste) in rows.into_iter().enumerate() {
            let mut login = AtTerminal::login(&[if headless { "--headless" } else { "--no-browser" }], &[]);
            let approved = login.approve();
            let (code, state) = match approved.split_once("?code=") {
                Some((_, query)) => query.split_once('&').unwrap(),
                None => (approved.as_str(), "state=x"),
            };
            let pasted = if row == 0 && !headless { format!("{code}&{state}") } else { paste(code) };
            login.terminal.enter(&format!("{pasted}\r"));
            assert!(login.home_has_key_after_end(), "row {row}: {pasted}\n{}", login.terminal.shown());
        }
    }
}

#[test]
fn other_sign_ins_address_and_a_key_are_not_codes() {
    // P-2
    needs!(SETSID);
    let mut login = AtTerminal::login(&["--no-browser"], &[]);
    let mut other = AtTerminal::login(&["--no-browser"], &[]);
    let foreign = other.approve();
    let ours = login.approve();
    let (address, _) = ours.split_once("&state=").unwrap();
    for (times, (pasted, problem)) in [
        (foreign.as_str(), "this is not the callback of this sign-in"),
        ("sk-or-v1-0e6f", "this is an API key, not a code"),
        (&format!("{address}&state=x"), "the state does not match this sign-in"),
    ]
    .into_iter()
    .enumerate()
    {
        login.terminal.wait_for_times(QUESTION, times + 1);
        login.terminal.enter(&format!("{pasted}\r"));
        login.terminal.wait_for(problem);
    }
    // The third was the last; the browser still counts.
    assert_eq!(login.served.emulator.posts("/auth/keys"), 0);
    super::get(&ours);
    assert!(login.home_has_key_after_end(), "{}", login.terminal.shown());
    super::get(&foreign);
    other.check_signed_in();
}

#[test]
fn prompt_shows_the_message_of_a_rejection_at_once() {
    // P-5
    needs!(SETSID);
    let mut login = AtTerminal::login(&["--headless"], &[]);
    let code = login.approve();
    login.served.emulator.inject(rejection(400, "Invalid code_challenge_method"));
    login.terminal.enter(&format!("{code}\r"));
    login.terminal.wait_for("OpenRouter: Invalid code_challenge_method");
    login.terminal.wait_for_times(QUESTION, 2);
    login.terminal.enter(&format!("{code}\r"));
    login.check_signed_in();
}

#[test]
fn end_of_input_after_a_wrong_code_reports_the_code() {
    // P-5
    needs!(SETSID);
    for arguments in [&["--headless"][..], &["--no-browser"]] {
        for (pasted, key, status, text) in [
            ("auth_code_of_nobody", "\u{4}", 3, "failed: OpenRouter responded with 4"),
            ("auth_code_of_nobody", "\u{3}", 130, "error: the login was cancelled\r\n"),
            (
                "https://evil.example/?code=c0de",
                "\u{4}",
                2,
                "cause: this is not the callback of this sign-in\r\n",
            ),
            ("sk-or-v1-0e6f", "\u{4}", 2, "cause: this is an API key, not a code"),
            ("", "\u{4}", 2, "cause: the input contains no code\r\n"),
        ] {
            let mut login = AtTerminal::login(arguments, &[]);
            login.url();
            login.terminal.enter(&format!("{pasted}\r"));
            login.terminal.wait_for_times(QUESTION, 2);
            login.terminal.enter(key);
            assert_eq!(login.end(), Some(status), "{pasted}");
            login.terminal.wait_for("error: ");
            let shown = login.terminal.wait_for(text);
            assert_eq!(shown.matches("error: ").count(), 1, "{shown}");
        }
    }
}

#[test]
fn response_that_is_not_openrouters_ends_the_login() {
    // A1, P-5
    needs!(SETSID);
    for (status, content_type, body) in [
        (403, "text/html", "<html>Access denied by your organization</html>"),
        (400, "application/json", r#"{"error":{"message":"#),
    ] {
        let mut login = AtTerminal::login(&["--headless"], &[]);
        let code = login.approve();
        let fault = Fault::status(status).content_type(content_type).body(body);
        login.served.emulator.inject(fault.on("/auth/keys"));
        login.terminal.enter(&format!("{code}\r"));
        assert_eq!(login.end(), Some(3));
        let shown = login.terminal.wait_for("error: ");
        assert!(shown.contains("something other than OpenRouter"), "{shown}");
        assert!(shown.contains(&format!("({status}, {content_type})")), "{shown}");
        assert_eq!(shown.matches(QUESTION).count(), 1, "{shown}");
        assert_eq!(login.served.emulator.posts("/auth/keys"), 1);
        // The code is unused.
        assert!(!shown.contains("rejected"), "{shown}");
    }
}
