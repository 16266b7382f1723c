//! Browsers that record, fail, hang or are missing.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::child::{self, Running};

/// A folder with a program `browser` that does this, and is noisy.
fn browser(script: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("browser");
    fs::write(&path, format!("#!/bin/sh\necho noise; echo noise >&2; cd {:?}\n{script}\n", folder.path()))
        .unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
    (folder, path)
}

/// A child that opens so many URLs, with this `BROWSER`.
fn open(count: usize, browser: &str) -> Running {
    let mut command = child::command(&format!("open {count}"));
    command.env("BROWSER", browser).env("OPENROUTER_API_KEY", "canary").env("openrouter_code", "canary");
    command.env("OPENROUTER_CODE_VERIFIER", "canary").env("OPENROUTER_SUBJECT_TOKEN", "canary");
    Running::start(command.stdin(Stdio::piped()).stderr(Stdio::piped()))
}

/// What came of opening one URL.
#[track_caller]
fn opened(browser: &str) -> String {
    let mut child = open(1, browser);
    child.expect("url");
    let opened = child.expect("opened");
    let rest = child.finish();
    assert!(!rest.contains("noise"), "{rest}");
    opened
}

#[test]
fn a_browser_gets_the_url_as_its_one_argument() {
    // L-22
    const LABELS: usize = 1000;
    let (folder, path) = browser(r#"printf '%s\n' "$#" "$@" >> record"#);
    let mut child = open(LABELS, path.to_str().unwrap());
    let mut expected = String::new();
    for _ in 0..LABELS {
        let url = child.expect("url");
        assert!(url.starts_with("https://openrouter.ai/auth?"), "{url}");
        assert_eq!(child.expect("opened"), "Ok(())");
        expected.push_str(&format!("1\n{url}\n"));
    }
    let rest = child.finish();
    assert!(!rest.contains("noise"), "{rest}");
    assert_eq!(fs::read_to_string(folder.path().join("record")).unwrap(), expected);
    let mut files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["browser", "record"]);
}

#[test]
fn the_url_stands_where_the_variable_says() {
    // L-22, F47
    let (folder, path) = browser(r#"printf '%s\n' "$@" > record"#);
    let path = path.to_str().unwrap();
    for (arguments, expected) in [
        ("", "URL\n"),
        ("-new-tab", "-new-tab\nURL\n"),
        ("--url=%s -x", "--url=URL\n-x\n"),
        ("-c 'open %s'", "-c\n'open\nURL'\n"),
    ] {
        let mut child = open(1, &format!("missing:{path} {arguments}"));
        let url = child.expect("url");
        assert_eq!(child.expect("opened"), "Ok(())");
        let record = fs::read_to_string(folder.path().join("record")).unwrap();
        assert_eq!(record, expected.replace("URL", &url));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_browser_inherits_no_secret_and_no_file() {
    // L-23, T-5
    let (folder, path) =
        browser("env > env; ls -l /proc/self/fd > fd; ps -o pgid= -p $$ > group; echo $$ >> group");
    let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
    // Each file that it has open, but for those that it opens itself.
    let files = || {
        let files = read("fd");
        let files = files.lines().filter_map(|line| line.split_once(" -> "));
        files.map(|(_, file)| file.to_owned()).filter(|file| !file.contains("/fd")).collect::<Vec<_>>()
    };
    let mut alone = Command::new(&path);
    alone.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(alone.status().unwrap().success());
    let files_alone = files();

    assert_eq!(opened(path.to_str().unwrap()), "Ok(())");
    assert_eq!(files(), files_alone);
    assert!(!files().iter().any(|file| file.contains("socket:")), "{:?}", files());
    let environment = read("env");
    assert!(environment.contains("PATH=") && environment.contains("BROWSER="), "{environment}");
    assert!(!environment.contains("canary"), "{environment}");
    // Out of reach of the terminal's Ctrl-C: a process group of its own.
    let group = read("group");
    let (group, process) = group.trim().split_once('\n').unwrap();
    assert_eq!(group.trim(), process);
}

#[test]
fn a_browser_that_fails_is_followed_by_the_next() {
    // F47
    let (folder, path) = browser("touch record");
    assert_eq!(opened("/nowhere/browser"), "Err(Missing)");
    assert_eq!(opened("false"), "Err(Failed { status: Some(1) })");
    assert_eq!(opened("false:/nowhere/browser"), "Err(Failed { status: Some(1) })");
    let folder_path = folder.path().to_str().unwrap();
    let denied = opened(folder_path);
    assert!(denied.starts_with("Err(Start("), "{denied}");
    assert!(!folder.path().join("record").exists());
    assert_eq!(opened(&format!("/nowhere/browser:false:{folder_path}:{}", path.display())), "Ok(())");
    assert!(folder.path().join("record").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_browser_that_stays_is_not_waited_for_and_leaves_no_zombie() {
    // F47
    let (folder, path) = browser("echo $$ > process; exec sleep 60");
    let mut child = open(1, &format!("{}:touch {}", path.display(), folder.path().join("next").display()));
    child.expect("url");
    let begun = Instant::now();
    assert_eq!(child.expect("opened"), "Ok(())");
    assert!(begun.elapsed() < Duration::from_secs(30));
    // It ends: badly, and too late for the next to be tried.
    let process = fs::read_to_string(folder.path().join("process")).unwrap();
    let status = Command::new("kill").arg(process.trim()).status().unwrap();
    assert!(status.success());
    let about = Path::new("/proc").join(process.trim());
    let deadline = Instant::now() + Duration::from_secs(30);
    while about.exists() {
        assert!(Instant::now() < deadline, "{process} is not waited for");
        thread::sleep(Duration::from_millis(10));
    }
    child.finish();
    assert!(!folder.path().join("next").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn without_any_browser_there_is_an_error_and_no_more() {
    // F47
    let folder = tempfile::tempdir().unwrap();
    let mut command = child::command("open 1");
    command.env("PATH", folder.path()).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut child = Running::start(&mut command);
    child.expect("url");
    assert_eq!(child.expect("opened"), "Err(Missing)");
    child.finish();
}
