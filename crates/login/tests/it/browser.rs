//! Browsers that record, fail, hang or are missing.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    child::{self, Running},
    signal::kill,
};

/// Returns a folder, and a `BROWSER` that runs `script` there and prints noise. A shell reads the script, because
/// executing a file just written fails if another test starts a process at that moment.
fn browser(script: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("browser");
    let script = format!("echo noise; echo noise >&2; cd '{}'\n{script}\n", folder.path().display());
    fs::write(&path, script).unwrap();
    (folder, format!("sh {}", path.display()))
}

/// Starts a child that opens `count` URLs with this `BROWSER`.
fn open(count: usize, browser: &str) -> Running {
    let mut command = child::command(&format!("open {count}"));
    command.env("BROWSER", browser).env("OPENROUTER_API_KEY", "canary").env("openrouter_code", "canary");
    command.env("OPENROUTER_CODE_VERIFIER", "canary").env("OPENROUTER_SUBJECT_TOKEN", "canary");
    Running::start(command.stdin(Stdio::piped()).stderr(Stdio::piped()))
}

/// Returns the result of opening one URL.
#[track_caller]
fn opened(browser: &str) -> String {
    let mut child = open(1, browser);
    child.expect("url");
    let opened = child.expect("opened");
    let rest = child.finish();
    assert!(!rest.contains("noise"), "{rest}");
    opened
}

/// Waits until browsers have written this many lines to a file, and returns the file. On a busy machine, a browser may
/// count as opened before it has done anything.
#[track_caller]
fn written(path: &Path, lines: usize) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if text.matches('\n').count() >= lines {
            return text;
        }
        assert!(Instant::now() < deadline, "{} contains {text:?}", path.display());
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn browser_gets_the_url_as_its_only_argument() {
    // L-22
    const LABELS: usize = 1000;
    let (folder, browser) = browser(r#"printf '%s %s\n' "$#" "$*" >> record"#);
    let mut child = open(LABELS, &browser);
    let mut expected = BTreeSet::new();
    for _ in 0..LABELS {
        let url = child.expect("url");
        assert!(url.starts_with("https://openrouter.ai/auth?"), "{url}");
        assert_eq!(child.expect("opened"), "Ok(())");
        expected.insert(format!("1 {url}"));
    }
    let rest = child.finish();
    assert!(!rest.contains("noise"), "{rest}");
    let record = written(&folder.path().join("record"), LABELS);
    assert_eq!(record.lines().count(), LABELS);
    assert_eq!(record.lines().map(str::to_owned).collect::<BTreeSet<_>>(), expected);
    let mut files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["browser", "record"]);
}

#[test]
fn browser_variable_sets_the_place_of_the_url() {
    // L-22, F47
    for (arguments, expected) in [
        ("", &["URL"][..]),
        ("-new-tab", &["-new-tab", "URL"]),
        ("--url=%s -x", &["--url=URL", "-x"]),
        ("-c 'open %s'", &["-c", "open URL"]),
        ("\"a  b\" c\\ d ''", &["a  b", "c d", "", "URL"]),
    ] {
        let (folder, browser) = browser(r#"printf '%s\n' "$@" > record"#);
        let mut child = open(1, &format!("missing:{browser} {arguments}"));
        let url = child.expect("url");
        assert_eq!(child.expect("opened"), "Ok(())");
        let record = written(&folder.path().join("record"), expected.len());
        assert_eq!(
            record.lines().collect::<Vec<_>>(),
            expected.join("\n").replace("URL", &url).lines().collect::<Vec<_>>()
        );
    }
}

#[test]
fn browser_inherits_no_secret_and_no_file() {
    // L-23, T-5
    let (folder, browser) = browser(
        "env > env; ls -l /proc/self/fd > fd; cut -d ' ' -f 5 /proc/$$/stat > group; echo $$ >> group; echo >> done",
    );
    let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
    let is_done = |runs| written(&folder.path().join("done"), runs);
    // The inherited open files, without the ones that `ls` opens.
    let files = || {
        let files = read("fd");
        let files = files.lines().filter_map(|line| line.split_once(" -> "));
        files.map(|(_, file)| file.to_owned()).filter(|file| !file.contains("/fd")).collect::<Vec<_>>()
    };
    let (shell, script) = browser.split_once(' ').unwrap();
    let mut alone = Command::new(shell);
    alone.arg(script);
    alone.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(alone.status().unwrap().success());
    is_done(1);
    let files_alone = files();

    assert_eq!(opened(&browser), "Ok(())");
    is_done(2);
    assert_eq!(files(), files_alone);
    assert!(!files().iter().any(|file| file.contains("socket:")), "{:?}", files());
    let environment = read("env");
    assert!(environment.contains("PATH=") && environment.contains("BROWSER="), "{environment}");
    assert!(!environment.contains("canary"), "{environment}");
    // It has its own process group, so the terminal's Ctrl-C does not reach it.
    let group = read("group");
    let (group, process) = group.trim().split_once('\n').unwrap();
    assert_eq!(group.trim(), process);
}

#[test]
fn next_browser_is_tried_after_a_failure() {
    // F47
    let (folder, browser) = browser("echo >> record");
    assert_eq!(opened("/nowhere/browser"), r#"Err(ProgramMissing { program: "/nowhere/browser" })"#);
    assert_eq!(opened("/nowhere/a:/nowhere/b"), r#"Err(ProgramMissing { program: "/nowhere/a" })"#);
    assert_eq!(opened("false"), "Err(Failed { status: Some(1) })");
    assert_eq!(opened("false:/nowhere/browser"), "Err(Failed { status: Some(1) })");
    let folder_path = folder.path().to_str().unwrap();
    let denied = opened(folder_path);
    assert!(denied.starts_with("Err(Start("), "{denied}");
    assert!(!folder.path().join("record").exists());
    assert_eq!(opened(&format!("/nowhere/browser:false:{folder_path}:{browser}")), "Ok(())");
    written(&folder.path().join("record"), 1);
}

#[test]
fn browser_path_may_contain_spaces() {
    let folder = tempfile::tempdir().unwrap();
    let program_folder = folder.path().join("Program Files/Mozilla Firefox");
    let (source, program) = (folder.path().join("source"), program_folder.join("fire fox.exe"));
    fs::create_dir_all(&program_folder).unwrap();
    fs::write(&source, "#!/bin/sh\nprintf '%s\\n' \"$@\" done >> \"${0%/*}/record\"\n").unwrap();
    // Another process writes the program, because executing a file just written fails if another test starts a process
    // at that moment.
    let installed = Command::new("install").args(["-m", "755"]).args([&source, &program]).status().unwrap();
    assert!(installed.success());

    let (path, record) = (program.to_str().unwrap(), program_folder.join("record"));
    for (browser, arguments) in [
        (path.to_owned(), &["URL"][..]),
        (format!("/nowhere/browser: {path} "), &["URL"]),
        (format!("'{path}' -n"), &["-n", "URL"]),
        (format!("\"{path}\" 'a b' --url=%s"), &["a b", "--url=URL"]),
        (path.replace(' ', "\\ ") + " %s", &["URL"]),
    ] {
        let mut child = open(1, &browser);
        let url = child.expect("url");
        assert_eq!(child.expect("opened"), "Ok(())", "{browser}");
        child.finish();
        let written = written(&record, arguments.len() + 1);
        assert_eq!(written, format!("{}\ndone\n", arguments.join("\n")).replace("URL", &url), "{browser}");
        fs::remove_file(&record).unwrap();
    }
    let missing = folder.path().join("Program");
    assert_eq!(opened(&format!("{path} -n")), format!("Err(ProgramMissing {{ program: {missing:?} }})"));
}

#[test]
fn open_does_not_wait_for_a_running_browser() {
    // F47
    let (folder, browser) = browser("echo $$ > process; exec sleep 60");
    let mut child = open(1, &format!("{browser}:touch {}", folder.path().join("next").display()));
    child.expect("url");
    let begun = Instant::now();
    assert_eq!(child.expect("opened"), "Ok(())");
    assert!(begun.elapsed() < Duration::from_secs(30));
    // Its failure comes too late for the next browser to be tried.
    let process = written(&folder.path().join("process"), 1);
    kill("TERM", process.trim());
    let about = Path::new("/proc").join(process.trim());
    let deadline = Instant::now() + Duration::from_secs(30);
    while about.exists() {
        assert!(Instant::now() < deadline, "{process} is a zombie");
        thread::sleep(Duration::from_millis(10));
    }
    // The next browser would have started at once.
    thread::sleep(Duration::from_millis(500));
    child.finish();
    assert!(!folder.path().join("next").exists());
}

#[test]
fn missing_browser_is_an_error() {
    // F47
    let folder = tempfile::tempdir().unwrap();
    let mut command = child::command("open 1");
    command.env("PATH", folder.path()).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut child = Running::start(&mut command);
    child.expect("url");
    assert_eq!(child.expect("opened"), "Err(Missing)");
    child.finish();
}
