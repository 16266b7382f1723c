//! Invalid arguments, variables and input.

use crate::support::{run, run_with, run_with_input, serve};

#[test]
fn bad_arguments_get_a_message() {
    const CREATE: &str = "create-code --callback https://my.app/cb";

    let labeled = |length| format!("url --label {}", "x".repeat(length));
    for (arguments, words) in [
        ("--json", r#""message":"missing subcommand; `--help` lists"#),
        ("nothing", "unrecognized subcommand; `--help` lists"),
        ("exchnge", "unrecognized subcommand `exchnge`; did you mean `exchange`?\n"),
        ("logn", "unrecognized subcommand `logn`; did you mean `login`?\n"),
        ("sttus --json", "did you mean `status`?\""),
        ("url --callback javascript:alert(1)", "callback URL"),
        ("url --callback http://evil", "must use https"),
        ("url --callback http://127.0.0.1@evil", "callback URL"),
        ("url --callback https://my.app/cb#fragment", "callback URL"),
        ("url --callback https://my.app/cb?code=1", "parameter code"),
        ("url --callback ", "callback URL is empty"),
        ("url --limit NaN", "not a finite number"),
        ("url --limit inf", "not a finite number"),
        ("url --limit -1", "negative"),
        ("url --limit much", "not a number"),
        (&labeled(101), "longer than 100 characters"),
        (&labeled(10_000), "longer than 100 characters"),
        ("url --label ", "is empty"),
        ("url --label a\u{1b}[31mb\u{7}", "control characters"),
        ("url --label a\u{202e}b", "invisible"),
        ("url --workspace mine", "not a UUID"),
        (CREATE, "--without-pkce"),
        (&format!("{CREATE} --without-pkce --challenge {}", "x".repeat(43)), "cannot be used with"),
        (&format!("{CREATE} --challenge short"), "43 characters"),
        (&format!("{CREATE} --without-pkce --limit-reset daily"), "--limit"),
        (&format!("{CREATE} --expires-at 2030-01-01T00:00Z"), "--expires-at"),
        ("exchange --pending file --without-pkce", "cannot be used with"),
        ("exchange-token", "--policy"),
        ("exchange-token --policy ", "--policy <ID>: the federation policy"),
        ("exchange-token --policy p --scope all", "--scope <SCOPE>: must be one of inference, management"),
        ("status --json=yes", "does not take a value"),
        ("token --force=yes", "--force: does not take a value"),
        ("login --headless --port 8123", "cannot be used with"),
        ("login --headless --no-headless", "cannot be used with"),
        ("login --port 0", "--port <PORT>"),
        ("login --port 65536", "--port <PORT>"),
        ("login --port abc", "--port <PORT>: must be a port number from 1 to 65535\n"),
        ("emulator --port abc", "from 1 to 65535, or 0 for a free port\n"),
        (
            "login --timeout 0",
            "--timeout <TIME>: must be a number of seconds, or a duration such as 90s, 5m, or 1h",
        ),
        ("login --timeout soon", "a duration such as 90s, 5m, or 1h, up to 24h\n"),
        ("login --timeout 25h", "up to 24h\n"),
        ("login --store none", "pass --print"),
        ("login --store ", "must be one of file, keychain, none"),
        ("login --store vault", "must be one of file, keychain, none"),
        ("status --store none", "must be one of file, keychain"),
        ("login --label a\u{1b}[31mb", "control characters"),
        ("keys --json", r#""message":"missing subcommand"#),
        ("keys unlink", "unrecognized subcommand `unlink`; did you mean `link`?\n"),
        ("completions", "<SHELL>"),
        ("completions csh", "must be one of bash"),
        ("man", "<FOLDER>"),
        ("pkce --server http://127.0.0.1:1", "omit --server"),
        ("completions bash --server http://127.0.0.1:1", "omit --server"),
        ("--server x emulator", "omit --server"),
        ("jwks --server http://evil", "must use https"),
        ("jwks --server http://evil", "--insecure-http"),
        ("jwks --server http://evil --insecure-http other", "must use https"),
        ("jwks --insecure-http openrouter.ai", "must not be OpenRouter's"),
        ("demo --insecure-http a:1 --server http://a:1", "--insecure-http <HOST>: must be a host name"),
        ("jwks --insecure-http a:1", "--insecure-http <HOST>: must be a host name"),
        ("demo --server http://evil", "--insecure-http HOST"),
        ("pkce --insecure-http emulator", "omit --server and --insecure-http"),
        ("emulator --host localhost", "must be an IPv4 or IPv6 address"),
        ("emulator --host [::1]", "must be an IPv4 or IPv6 address"),
        ("emulator --host 127.0.0.1:80", "must be an IPv4 or IPv6 address"),
        ("emulator --max-connections 0", "must be a number from 1 to 10000"),
        ("emulator --max-connections 10001", "must be a number from 1 to 10000"),
        ("jwks --server https://user:password@openrouter.ai", "user name"),
        ("jwks --server ", "base URL"),
        ("jwks --server https://evil.com:443[v1.a]:80", "base URL"),
        ("jwks --server http://[::1]evil:80", "base URL"),
        ("jwks --server http://localhost:+80", "base URL"),
    ] {
        // A trailing space adds an empty argument.
        let arguments: Vec<&str> = arguments.split(' ').filter(|_| !arguments.is_empty()).collect();
        let rejected = run(&arguments);
        assert_eq!((rejected.status, rejected.stdout.as_str()), (Some(2), ""), "{arguments:?} {rejected:?}");
        assert!(rejected.stderr.contains(words), "{arguments:?} {rejected:?}");
        let is_printable = |c: char| c == '\n' || !c.is_control();
        assert!(rejected.stderr.chars().all(is_printable), "{rejected:?}");
    }
}

#[test]
fn missing_subcommand_shows_the_help() {
    for (arguments, subcommand) in [(&[][..], "login"), (&["keys"], "link")] {
        let help = run(arguments);
        assert_eq!((help.status, help.stdout.as_str()), (Some(2), ""), "{help:?}");
        assert!(help.stderr.contains("Usage: openrouter-oauth"), "{help:?}");
        assert!(help.stderr.contains(&format!("\n  {subcommand} ")), "{help:?}");
        assert!(!help.stderr.contains("error:"), "{help:?}");
    }
}

#[test]
fn quoted_key_fails_before_anything_is_sent() {
    let served = serve();
    for key in [r#""sk-or-v1-canary""#, "'sk-or-v1-canary'", r#"sk-or-v1-canary""#] {
        for command in [
            &["status"][..],
            &["keys", "link"],
            &["create-code", "--without-pkce", "--callback", "https://my.app/cb"],
        ] {
            let arguments = [command, &["--json", "--server", &served.url]].concat();
            let error = run_with(&arguments, &[("OPENROUTER_API_KEY", key)]).error(2);
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("OPENROUTER_API_KEY is in quotes"), "{error}");
            assert!(!message.contains("canary"), "{error}");
        }
    }
    assert_eq!(served.emulator.log().len(), 0);
}

#[test]
fn bad_argument_is_reported_as_json() {
    let error = run(&["url", "--limit", "NaN", "--json"]).error(2);
    assert_eq!(error["kind"], "usage");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("--limit <USD>: ") && !message.contains("--help"), "{message}");
}

#[test]
fn bad_input_fails_before_anything_is_sent() {
    // Nothing listens on port 1. Status 4 would mean that the program tried to connect.
    let server = ["--server", "http://127.0.0.1:1"];
    let long_code = "c".repeat(513);
    let too_long = "c".repeat(100_000);
    for (arguments, input) in [
        (&["exchange", "--without-pkce"][..], &b""[..]),
        (&["exchange", "--without-pkce"], b"\n"),
        (&["exchange", "--without-pkce"], b"a\tb"),
        (&["exchange", "--without-pkce"], b"a\0b"),
        (&["exchange", "--without-pkce"], "c\u{f6}de".as_bytes()),
        (&["exchange", "--without-pkce"], b"\xff\xfe"),
        (&["exchange", "--without-pkce"], long_code.as_bytes()),
        (&["exchange", "--without-pkce"], too_long.as_bytes()),
        (&["exchange-token", "--policy", "p"], b""),
        (&["exchange-token", "--policy", "p"], too_long.as_bytes()),
    ] {
        let rejected = run_with_input(&[arguments, &server].concat(), input);
        assert_eq!((rejected.status, rejected.stdout.as_str()), (Some(2), ""), "{arguments:?} {rejected:?}");
        assert_eq!(rejected.stderr.lines().count(), 1, "{rejected:?}");
    }
}

#[test]
fn error_names_the_bad_variable() {
    for (name, value) in [
        ("OPENROUTER_API_KEY", "a\nb"),
        ("OPENROUTER_BASE_URL", "http://evil"),
        ("OPENROUTER_APP_TITLE", "a\nb"),
    ] {
        let rejected = run_with(&["jwks"], &[(name, value)]);
        assert_eq!(rejected.status, Some(2), "{name} {rejected:?}");
        assert!(!rejected.stderr.contains(value));
    }
    let rejected =
        run_with(&["exchange"], &[("OPENROUTER_CODE_VERIFIER", "short"), ("OPENROUTER_CODE", "code")]);
    assert_eq!(rejected.status, Some(2));
    assert!(rejected.stderr.contains("code verifier"), "{rejected:?}");
}

// On Windows, no arguments and variables are bytes.
#[cfg(unix)]
#[test]
fn non_unicode_variables_and_arguments_fail() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    use crate::support::{Finished, program};

    let bytes = OsStr::from_bytes(b"\xff\xfe");
    for (name, arguments) in [
        ("OPENROUTER_API_KEY", &["status"][..]),
        ("OPENROUTER_BASE_URL", &["jwks"]),
        ("OPENROUTER_CODE", &["exchange", "--without-pkce"]),
        ("OPENROUTER_CODE_VERIFIER", &["exchange"]),
        ("OPENROUTER_SUBJECT_TOKEN", &["exchange-token", "--policy", "p"]),
    ] {
        let rejected = Finished::from_output(program(arguments).env(name, bytes).output().unwrap());
        assert_eq!(rejected.status, Some(2), "{name} {rejected:?}");
        assert!(rejected.stderr.contains(name) && rejected.stderr.contains("not Unicode"), "{rejected:?}");
    }
    for arguments in [&["url", "--label"][..], &["url"], &[]] {
        let rejected = Finished::from_output(program(arguments).arg(bytes).output().unwrap());
        assert_eq!(rejected.status, Some(2), "{arguments:?} {rejected:?}");
    }
}

#[test]
fn variable_of_another_program_changes_nothing() {
    let pair = run_with(&["pkce", "--json"], &[("OPENROUTER_API_KEY", ""), ("RUST_BACKTRACE", "1")]).json();
    assert!(pair["code_verifier"].is_string());
}

#[test]
fn invalid_pending_file_fails_and_is_not_shown() {
    let folder = tempfile::TempDir::new().unwrap();
    for text in ["", "{}", "sk-or-v1-canary", &"[".repeat(100_000)] {
        let file = folder.path().join("login.json");
        std::fs::write(&file, text).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let rejected = run(&["exchange", "--pending", file.to_str().unwrap()]);
        assert_eq!(rejected.status, Some(2), "{rejected:?}");
        assert!(!rejected.stderr.contains("canary"));
    }
    let missing = run(&["exchange", "--pending", "/nowhere/\u{1b}[31m"]);
    assert_eq!(missing.status, Some(1));
    assert!(!missing.stderr.contains('\u{1b}'), "{missing:?}");
}

#[test]
fn no_argument_accepts_or_shows_a_secret() {
    for arguments in [
        &["exchange", "auth_code_canary"][..],
        &["status", "sk-or-v1-canary"],
        &["token", "sk-or-v1-canary"],
        &["login", "auth_code_canary"],
        &["login", "--code", "canary"],
        &["login", "--store", "canary"],
        &["login", "--label=a\ncanary"],
        &["keys", "sk-or-v1-canary"],
        &["keys", "link", "sk-or-v1-canary"],
        &["logout", "sk-or-v1-canary"],
        &["sk-or-v1-canary"],
        // Similar to subcommands.
        &["login1canary"],
        &["token_canary"],
        &["exchange-token-canary"],
        &["exchange", "--code", "canary"],
        &["exchange", "--verifier=canary"],
        &["status", "--key=canary"],
        &["status", "--api-key", "canary"],
        &["exchange-token", "--policy", "p", "--token", "canary"],
        &["create-code", "--verifier", "canary"],
        &["exchange-token", "--policy", "p", "--scope", "canary"],
        &["create-code", "--limit", "1", "--limit-reset=canary"],
        &["status", "--json=canary"],
        &["token", "--force=canary"],
        &["auth_code_canary"],
        &["pkce", "--server", "canary"],
    ] {
        for json in [&[][..], &["--json"]] {
            let rejected = run(&[arguments, json].concat());
            assert_eq!(rejected.status, Some(2), "{arguments:?} {rejected:?}");
            assert!(!rejected.stderr.contains("canary"), "{rejected:?}");
        }
    }
}
