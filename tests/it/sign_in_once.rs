//! The login example `sign_in_once`, in its own process.

use std::{env, os::unix::process::CommandExt as _, path::Path, process::Stdio, time::Duration};

use openrouter_oauth::ApiKey;
use openrouter_oauth_emulator::{Fault, Settings};
use openrouter_oauth_login::{Account, FileStore, KeyStore as _};
use openrouter_oauth_tests::{testbed::Testbed, user::UserBrowser};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::Command,
    time,
};

#[tokio::test]
async fn example_signs_in_only_without_a_valid_key() {
    let testbed = Testbed::over_tcp(Settings::default()).await;
    let home = tempfile::tempdir().unwrap();
    let new_key = "You are signed in. The key is stored in ";
    let exchanges = || testbed.emulator().posts("/auth/keys");

    let (status, stdout, stderr) = run(&testbed, home.path()).await;
    assert!(status == Some(0) && stdout.starts_with(new_key), "{stdout}{stderr}");
    assert_eq!(exchanges(), 1);

    let (status, stdout, stderr) = run(&testbed, home.path()).await;
    assert!(
        status == Some(0) && stdout.starts_with("You are already signed in. The key \""),
        "{stdout}{stderr}"
    );
    assert!(stdout.ends_with(" has spent $0.00.\n") && stderr.is_empty(), "{stdout}{stderr}");
    assert_eq!(exchanges(), 1);

    testbed.emulator().inject(Fault::status(401).on("/key"));
    let (status, stdout, stderr) = run(&testbed, home.path()).await;
    assert!(status == Some(0) && stdout.starts_with(new_key), "{stdout}{stderr}");
    assert!(
        stdout.contains("It replaces a key that OpenRouter rejected: https://openrouter.ai/keys/"),
        "{stdout}"
    );
    assert_eq!(exchanges(), 2);

    // A response that does not show whether the key is valid.
    testbed.emulator().inject(Fault::status(400).on("/key"));
    let (status, stdout, stderr) = run(&testbed, home.path()).await;
    assert!(status == Some(0) && stdout.is_empty(), "{stdout}{stderr}");
    assert!(stderr.starts_with("Could not check the stored key: "), "{stderr}");
    assert_eq!(exchanges(), 2);
}

#[tokio::test]
async fn processes_that_start_together_sign_in_once() {
    let testbed = Testbed::over_tcp(Settings::default()).await;
    // Slow enough that every process begins before the first has a key.
    testbed.emulator().inject(Fault::delay(Duration::from_secs(1)).on("/auth/keys"));
    let home = tempfile::tempdir().unwrap();
    assert_eq!(sign_ins_of_three(&testbed, home.path()).await, 1);
    assert_eq!(testbed.emulator().posts("/auth/keys"), 1);

    // The user deletes the key.
    let file = home.path().join(".config/openrouter-oauth/sign_in_once.json");
    let deleted = ApiKey::parse("sk-or-v1-deleted").unwrap();
    FileStore::new(file).save(&Account::new(testbed.client()), &deleted).await.unwrap();
    testbed.emulator().inject(Fault::delay(Duration::from_secs(1)).on("/auth/keys"));
    assert_eq!(sign_ins_of_three(&testbed, home.path()).await, 1);
    assert_eq!(testbed.emulator().posts("/auth/keys"), 2);
}

/// Starts three processes together, and returns how many of them signed in.
async fn sign_ins_of_three(testbed: &Testbed, home: &Path) -> usize {
    let start = || run(testbed, home);
    let (first, second, third) = tokio::join!(start(), start(), start());
    let results = [first, second, third];
    for (status, stdout, stderr) in &results {
        assert!(*status == Some(0) && stdout.starts_with("You are "), "{stdout}{stderr}");
    }
    results.iter().filter(|(_, stdout, _)| stdout.starts_with("You are signed in. ")).count()
}

/// Runs the example. Approves in a browser if it signs in. Returns its exit status, standard output and standard error.
async fn run(testbed: &Testbed, home: &Path) -> (Option<i32>, String, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_example_sign_in_once"));
    command
        .arg(testbed.base_url())
        .env_clear()
        // Coverage includes the example.
        .envs(env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)))
        .env("HOME", home)
        // Without a display, the example would expect a pasted code.
        .env("DISPLAY", ":0")
        .env("BROWSER", "/nowhere/browser")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // In the background, the example does not use the terminal of the tests, and shows the URL on standard error.
        .process_group(0);
    let mut example = Command::from(command).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(example.stderr.take().unwrap()).lines();
    let mut stderr = String::new();
    let minute = Duration::from_secs(60);
    while let Some(line) = time::timeout(minute, lines.next_line()).await.unwrap().unwrap() {
        if line.starts_with("http://") {
            let browser = UserBrowser::approving(testbed.user());
            time::timeout(minute, browser.follow(&line)).await.unwrap().unwrap();
        }
        stderr += &line;
        stderr += "\n";
    }
    let mut stdout = String::new();
    example.stdout.take().unwrap().read_to_string(&mut stdout).await.unwrap();
    (example.wait().await.unwrap().code(), stdout, stderr)
}
