//! `url` and `exchange`: a sign-in by hand.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    process::Command,
    thread,
};

use openrouter_oauth_emulator::{DecisionOutcome, Fault, User};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    support::{Finished, Served, block_on, program, run, run_with, run_with_input, serve},
    tools::{Tool, needs},
};

/// Records the system calls of a process, and injects faults.
const STRACE: Tool = Tool::new("strace", &["strace", "-qq", "-e", "none", "true"]);

/// Begins a sign-in and approves or denies it. Returns the file of the pending sign-in, and the code or URL to paste.
fn begin(served: &Served, folder: &TempDir, arguments: &[&str], approve: bool) -> (String, String) {
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

/// The modes, links and pipes that `exchange` rejects without sending the code.
#[cfg(unix)]
#[test]
fn pending_file_must_be_a_private_regular_file() {
    // S-6
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    let (served, folder) = (serve(), TempDir::new().unwrap());
    let (file, code) = begin(&served, &folder, &[], true);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let check = |file: &str, problem: &str| {
        // In another process, because reading a pipe could hang this one.
        let exchange = &["exchange", "--json", "--server", &served.url, "--pending", file];
        let error = run_with_input(exchange, code.as_bytes()).error(1);
        assert!(error["message"].as_str().unwrap().contains(problem), "{problem}: {error}");
        assert!(fs::symlink_metadata(file).is_ok(), "{problem}");
    };

    symlink(&file, path("link")).unwrap();
    check(&path("link"), "symbolic link");
    fs::hard_link(&file, path("other name")).unwrap();
    check(&file, "hard link");
    fs::remove_file(path("other name")).unwrap();
    mkfifo(&path("pipe"));
    check(&path("pipe"), "not a regular file");
    for mode in [0o666, 0o604, 0o660, 0o640] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        check(&file, "`chmod 600`");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    if rustix::process::geteuid().is_root() {
        chown(&file, Some(65534), None).unwrap();
        check(&file, "another user");
        chown(&file, Some(0), None).unwrap();
    }
    assert_eq!(served.emulator.posts("/auth/keys"), 0);

    // Other users may read its folder, and the folder may be a link.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let elsewhere = TempDir::new().unwrap();
    symlink(folder.path(), elsewhere.path().join("link")).unwrap();
    let file = elsewhere.path().join("link/login.json").to_str().unwrap().to_owned();
    let exchange = &["exchange", "--json", "--server", &served.url, "--pending", &file];
    assert!(run_with_input(exchange, code.as_bytes()).json()["key"].is_string());
}

#[cfg(unix)]
#[test]
fn pending_file_is_not_created_through_a_link_or_pipe() {
    // S-6
    use std::os::unix::fs::symlink;

    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    symlink(path("elsewhere"), path("link")).unwrap();
    mkfifo(&path("pipe"));
    for name in ["link", "pipe"] {
        let error = run(&["url", "--json", "--save", &path(name)]).error(1);
        assert!(error["message"].as_str().unwrap().contains("could not be written"), "{error}");
    }
    assert!(!fs::exists(path("elsewhere")).unwrap());
    let error = run(&["url", "--json", "--save", &path("no folder/login.json")]).error(1);
    assert!(error["message"].as_str().unwrap().contains("no folder"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn pending_file_and_its_folder_are_synced() {
    // S-6
    needs!(STRACE);
    let (served, folder) = (serve(), TempDir::new().unwrap());
    let log = folder.path().join("strace");
    // Returns which paths were removed or synced, in order.
    let trace = |arguments: &[&str], input: &str| {
        let traced = program(arguments);
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-y", "-e", "trace=fsync,unlinkat", "-e", "signal=none", "-o"]).arg(&log);
        strace.arg(traced.get_program()).args(traced.get_args()).env_clear().env("OPENROUTER_CODE", input);
        let output = Finished::from_output(strace.output().unwrap());
        output.line();
        let log = fs::read_to_string(&log).unwrap();
        let calls: Vec<_> =
            log.lines().filter_map(|line| Some(line.split_once(' ')?.1.trim().to_owned())).collect();
        (calls, output)
    };
    let file = folder.path().join("login.json").to_str().unwrap().to_owned();
    let is_sync_of =
        |call: &str, path: &str| call.starts_with("fsync(") && call.contains(&format!("<{path}>"));
    let folder_path = folder.path().to_str().unwrap();

    let (calls, url) = trace(&["url", "--server", &served.url, "--save", &file], "");
    let [first, second] = &calls[..] else { panic!("{calls:?}") };
    assert!(is_sync_of(first, &file) && is_sync_of(second, folder_path), "{calls:?}");

    let user = User::new(served.emulator.clone());
    let DecisionOutcome::Code(code) = block_on(user.approve(url.line(), None)).unwrap() else {
        panic!("a code")
    };
    let (calls, _) = trace(&["exchange", "--server", &served.url, "--pending", &file], &code);
    let [first, second] = &calls[..] else { panic!("{calls:?}") };
    assert!(first.starts_with("unlinkat(") && first.contains("login.json"), "{calls:?}");
    assert!(is_sync_of(second, folder_path), "{calls:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn failed_write_leaves_no_pending_file() {
    needs!(STRACE);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("login.json").to_str().unwrap().to_owned();
    for call in ["fsync", "fchmod"] {
        let traced = program(&["url", "--json", "--save", &file]);
        let mut strace = Command::new("strace");
        strace.args([
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-P",
            &file,
            "-e",
            &format!("inject={call}:error=ENOSPC"),
        ]);
        strace.arg(traced.get_program()).args(traced.get_args()).env_clear();
        let error = Finished::from_output(strace.output().unwrap()).error(1);
        assert!(error.to_string().contains("could not be written"), "{error}");
        assert!(!fs::exists(&file).unwrap(), "{call}");
    }
}

#[cfg(unix)]
fn mkfifo(path: &str) {
    assert!(Command::new("mkfifo").args(["-m", "600", path]).status().unwrap().success());
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
