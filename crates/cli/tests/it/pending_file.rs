//! The file of a pending sign-in: its mode and owner, links and pipes, and what is synced.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    process::Command,
};

use openrouter_oauth_emulator::{DecisionOutcome, User};
use tempfile::TempDir;

use crate::{
    sign_in::begin,
    support::{Finished, block_on, program, run, run_with_input, serve},
    tools::{Tool, needs},
};

/// Records the system calls of a process, and injects faults.
const STRACE: Tool = Tool::new("strace", &["strace", "-qq", "-e", "none", "true"]);

#[test]
fn pending_file_must_be_a_private_regular_file() {
    // S-6
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

#[test]
fn pending_file_is_not_created_through_a_link_or_pipe() {
    // S-6
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

/// Runs the program, with this fault in its system calls on the path.
fn run_with_fault(arguments: &[&str], input: &str, path: &str, inject: &str) -> Finished {
    let traced = program(arguments);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-P", path, "-e", &format!("inject={inject}")]);
    strace.arg(traced.get_program()).args(traced.get_args()).env_clear().env("OPENROUTER_CODE", input);
    Finished::from_output(strace.output().unwrap())
}

#[test]
fn failed_sync_of_the_folder_leaves_no_pending_file() {
    needs!(STRACE);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("login.json").to_str().unwrap().to_owned();
    let folder = folder.path().to_str().unwrap();
    let failed = run_with_fault(&["url", "--json", "--save", &file], "", folder, "fsync:error=EIO");
    assert!(failed.error(1)["message"].as_str().unwrap().contains("could not be synced"), "{failed:?}");
    assert!(!fs::exists(&file).unwrap());
}

#[test]
fn failed_creation_keeps_an_existing_file() {
    needs!(STRACE);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("login.json").to_str().unwrap().to_owned();
    fs::write(&file, "mine").unwrap();
    let folder = folder.path().to_str().unwrap();
    // The kernel reports a full table of files before it looks for the file.
    let failed =
        run_with_fault(&["url", "--json", "--save", &file], "", folder, "openat:error=EMFILE:when=2");
    assert!(failed.error(1)["message"].as_str().unwrap().contains("could not be written"), "{failed:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn code_that_was_not_sent_leaves_the_sign_in_usable() {
    needs!(STRACE);
    let (served, folder) = (serve(), TempDir::new().unwrap());
    let (file, code) = begin(&served, &folder, &[], true);
    let exchange = ["exchange", "--json", "--server", &served.url, "--pending", &file];
    let path = folder.path().to_str().unwrap();
    let failed = run_with_fault(&exchange, &code, path, "fsync:error=EIO:when=1");
    assert!(failed.error(1)["message"].as_str().unwrap().contains("the code was not sent"), "{failed:?}");
    assert_eq!(served.emulator.posts("/auth/keys"), 0);
    assert!(run_with_input(&exchange, code.as_bytes()).json()["key"].is_string());
}

fn mkfifo(path: &str) {
    assert!(Command::new("mkfifo").args(["-m", "600", path]).status().unwrap().success());
}
