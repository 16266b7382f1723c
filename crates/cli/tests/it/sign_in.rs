//! `url` and `exchange`: a sign-in by hand.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use openrouter_oauth_emulator::{DecisionOutcome, Fault, User};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Served, block_on, run, run_with, run_with_input, serve};

/// Begins a sign-in and approves or denies it. Returns the file of the pending sign-in, and the code or URL to paste.
pub(crate) fn begin(
    served: &Served,
    folder: &TempDir,
    arguments: &[&str],
    approve: bool,
) -> (String, String) {
    let file = folder.path().join("login.json").to_str().unwrap().to_owned();
    let url = run(&[&["url", "--server", &served.url, "--save", &file], arguments].concat());
    let user = User::new(served.emulator.clone());
    let outcome = block_on(async {
        if approve { user.approve(url.line(), None).await } else { user.deny(url.line()).await }
    });
    match outcome.unwrap() {
        DecisionOutcome::Code(text) | DecisionOutcome::Redirected(text) => (file, text),
        other => panic!("{other:?}"),
    }
}

const CALLBACK: &[&str] = &["--callback", "http://localhost:3000/cb", "--label", "my-cli", "--limit", "5"];

#[test]
fn sign_in_by_hand_returns_a_key() {
    let (served, folder) = (serve(), TempDir::new().unwrap());
    // A code from the page, and the URL of a callback.
    for arguments in [&[][..], CALLBACK] {
        let (file, pasted) = begin(&served, &folder, arguments, true);
        let exchange = &["exchange", "--server", &served.url, "--pending", &file];
        let key = run_with_input(exchange, format!("{pasted}\n").as_bytes());
        assert!(key.line().starts_with("sk-or-v1-"), "{key:?}");
        assert_eq!(key.stderr, "");
        assert!(!fs::exists(&file).unwrap(), "a spent sign-in is removed");
    }
}

#[test]
fn code_is_read_from_the_environment() {
    let (served, folder) = (serve(), TempDir::new().unwrap());
    let (file, code) = begin(&served, &folder, &[], true);
    let exchange = &["exchange", "--json", "--server", &served.url, "--pending", &file];
    let grant = run_with(exchange, &[("OPENROUTER_CODE", &code)]).json();
    assert!(grant["key"].as_str().unwrap().starts_with("sk-or-v1-"));
    assert!(grant["user_id"].is_string());
}

// Windows has no modes.
#[cfg(unix)]
#[test]
fn pending_file_is_private_and_overwrites_nothing() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = TempDir::new().unwrap();
    let file = folder.path().join("login.json");
    let url = &["url", "--json", "--save", file.to_str().unwrap()];
    let begun = run(url).json();
    assert_eq!(begun["pending"], json!(null));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let before = fs::read(&file).unwrap();
    assert_eq!(run(url).error(1)["kind"], "unexpected");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn failed_restore_does_not_replace_the_error() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("login.json").to_str().unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}/api/v1", listener.local_addr().unwrap());
    let taken = file.clone();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        // Another program has taken the path by the time the service responds.
        fs::create_dir(taken).unwrap();
        stream.write_all(b"HTTP/1.1 503 x\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    run(&["url", "--server", &server, "--save", &file]).line();
    let failed = run_with_input(&["exchange", "--server", &server, "--pending", &file], b"auth_code_x\n");
    assert_eq!(failed.status, Some(7), "{failed:?}");
    assert!(failed.stderr.contains("The pending sign-in was not saved again: "), "{failed:?}");
}

#[test]
fn rejected_or_unsent_code_leaves_the_sign_in_usable() {
    let (served, folder) = (serve(), TempDir::new().unwrap());
    let (file, code) = begin(&served, &folder, &[], true);
    let before = fs::read(&file).unwrap();
    let exchange = &["exchange", "--json", "--server", &served.url, "--pending", &file];

    let error = run_with_input(exchange, b"somebody_elses_code\n").error(3);
    assert_eq!((&error["reason"], &error["http_status"]), (&json!("code_invalid"), &json!(400)));
    assert_eq!(fs::read(&file).unwrap(), before);

    let busy = Fault::status(503).header("retry-after", "2").on("/auth/keys");
    served.emulator.inject(busy);
    let error = run_with_input(exchange, code.as_bytes()).error(7);
    assert_eq!((&error["kind"], &error["retry_after_seconds"]), (&json!("wait"), &json!(2.0)));
    assert_eq!(fs::read(&file).unwrap(), before);

    assert!(run_with_input(exchange, code.as_bytes()).json()["key"].is_string());
}

#[test]
fn unknown_outcome_spends_the_sign_in() {
    let (served, folder) = (serve(), TempDir::new().unwrap());
    let (file, code) = begin(&served, &folder, &[], true);
    served.emulator.inject(Fault::drop_after_commit().on("/auth/keys"));
    let exchange = &["exchange", "--json", "--server", &served.url, "--pending", &file];
    let error = run_with_input(exchange, code.as_bytes()).error(5);
    assert_eq!(error["kind"], "outcome_unknown");
    assert!(!fs::exists(&file).unwrap());
    assert_eq!(served.emulator.posts("/auth/keys"), 1);
}

#[test]
fn denial_has_its_own_exit_status() {
    let (served, folder) = (serve(), TempDir::new().unwrap());
    let (file, pasted) = begin(&served, &folder, CALLBACK, false);
    let exchange = &["exchange", "--json", "--server", &served.url, "--pending", &file];
    assert_eq!(run_with_input(exchange, pasted.as_bytes()).error(6)["kind"], "denied");
    assert_eq!(served.emulator.posts("/auth/keys"), 0);
}

#[test]
fn sign_in_stays_with_the_service_that_began_it() {
    // C-31
    let (served, other, folder) = (serve(), serve(), TempDir::new().unwrap());
    let (file, code) = begin(&served, &folder, &[], true);
    let exchange = &["exchange", "--json", "--server", &other.url, "--pending", &file];
    assert_eq!(run_with_input(exchange, code.as_bytes()).error(2)["kind"], "usage");
    assert_eq!(other.emulator.posts("/auth/keys"), 0);
    assert!(fs::exists(&file).unwrap());
}

#[test]
fn pending_sign_in_without_a_file_is_on_standard_output() {
    let url = run(&["url", "--label", "my-cli"]);
    let pending: serde_json::Value = serde_json::from_str(url.line()).unwrap();
    let verifier = pending["code_verifier"].as_str().unwrap();
    assert!(url.stderr.contains("https://openrouter.ai/auth?code_challenge="));
    assert!(!url.stderr.contains(verifier));
}

#[test]
fn url_command_shows_how_to_finish_the_sign_in() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("my login.json").to_str().unwrap().to_owned();
    let server = "http://127.0.0.1:1/api/v1";
    let url = run(&["url", "--save", &file, "--server", server]);
    let command = format!("\n  openrouter-oauth exchange --pending {file:?} --server {server:?}\n");
    assert!(url.stderr.ends_with(&command), "{url:?}");

    let url = run(&["url"]);
    assert!(url.stderr.ends_with("\n  openrouter-oauth exchange --pending FILE\n"), "{url:?}");
}

#[test]
fn url_carries_every_option() {
    let workspace = "00000000-0000-4000-8000-000000000001";
    let options = ["--workspace", workspace, "--required-workspace", workspace, "--json"];
    let begun = run(&[&["url"], CALLBACK, &options].concat()).json();
    let url = begun["authorize_url"].as_str().unwrap();
    for part in [
        "&callback_url=http%3A%2F%2Flocalhost%3A3000%2Fcb%2F",
        "&key_label=my-cli",
        "&limit=5",
        "&workspace_id=00000000-",
        "&required_workspace_id=00000000-",
    ] {
        assert!(url.contains(part), "{part}: {url}");
    }
    assert!(begun["callback_url"].as_str().unwrap().starts_with("http://localhost:3000/cb/"));
    assert!(begun["pending"].as_str().unwrap().contains("code_verifier"));
}
