//! Logins whose file system fails at each system call.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Command, Output, Stdio},
};

use openrouter_oauth_emulator::User;
use serde_json::Value;

use crate::{
    support::{Finished, Served, block_on, serve},
    tools::{Tool, needs},
    user::{Home, get, outcome},
};

/// Records the system calls of a process, and injects faults.
const STRACE: Tool = Tool::new("strace", &["strace", "-qq", "-e", "none", "true"]);

/// Holds a lock on a file while another program runs.
const FLOCK: Tool = Tool::new("flock", &["flock", "--version"]);

/// A finished login whose user approved, unless it ended before it showed its URL.
struct Ended {
    finished: Finished,
    page: Option<String>,
    /// The names of its system calls on the key file, its folder, and the files next to it.
    calls: Vec<String>,
}

/// Runs a login in a new home, with this fault in its system calls.
fn login(served: &Served, home: &Home, inject: Option<&str>) -> Ended {
    let login = home.program(&["login", "--json", "--no-browser", "--server", &served.url]);
    let log = home.folder().join("strace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "signal=none", "-o"]).arg(&log);
    let file = home.file();
    let folder = Path::new(&file).parent().unwrap();
    for path in [home.folder(), folder, Path::new(&file)] {
        command.arg("-P").arg(path);
    }
    for suffix in [".lock", ".new", ".login"] {
        command.arg("-P").arg(format!("{file}{suffix}"));
    }
    command.args(inject.map(|inject| ["-e", inject]).into_iter().flatten());
    command.arg(login.get_program()).args(login.get_args()).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.envs(login.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();

    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut printed = String::new();
    stderr.read_line(&mut printed).unwrap();
    let first: Value = serde_json::from_str(&printed).unwrap();
    let page = first["authorize_url"].as_str().map(|url| {
        let user = User::new(served.emulator.clone());
        get(&outcome(block_on(user.approve(url, None))))
    });
    let mut stdout = Vec::new();
    stderr.read_to_string(&mut printed).unwrap();
    child.stdout.take().unwrap().read_to_end(&mut stdout).unwrap();
    let output = Output { status: child.wait().unwrap(), stdout, stderr: printed.into_bytes() };
    let log = fs::read_to_string(log).unwrap();
    // Each line begins with a process ID. `fcntl` comes from the standard library in debug builds.
    let calls = log.lines().filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('));
    let calls = calls.map(|(name, _)| name.to_owned()).filter(|name| name != "fcntl").collect();
    Ended { finished: Finished::from_output(output), page, calls }
}

#[test]
fn no_failing_system_call_loses_a_key() {
    // S-6, S-8
    needs!(STRACE);
    let undisturbed = login(&serve(), &Home::new(), None);
    undisturbed.finished.result(0);
    assert!((30..120).contains(&undisturbed.calls.len()), "{:?}", undisturbed.calls);
    let (mut found_before, mut numbers) = (0, BTreeMap::new());
    for name in &undisturbed.calls {
        let number = numbers.entry(name).and_modify(|number| *number += 1).or_insert(1);
        let inject = format!("inject={name}:error=ENOSPC:when={number}");
        let (served, home) = (serve(), Home::new());
        let Ended { finished, page, .. } = login(&served, &home, Some(&inject));
        let Some(page) = page else {
            let error = finished.error(1);
            assert_eq!(served.emulator.log().len(), 0, "{inject} {error}");
            found_before += 1;
            continue;
        };
        assert_eq!(served.emulator.posts("/auth/keys"), 1, "{inject}");
        let result: Value = serde_json::from_str(&finished.stdout).unwrap();
        let stored = home.run(&["token", "--server", &served.url]);
        if finished.status == Some(0) {
            assert!(stored.line().starts_with("sk-or-v1-"), "{inject}");
        } else {
            assert!(result["key"].as_str().unwrap().starts_with("sk-or-v1-"), "{inject} {finished:?}");
        }
        assert_eq!(page.contains("the key was not stored"), finished.status != Some(0), "{inject} {page}");
    }
    assert!(found_before > undisturbed.calls.len() / 3, "{found_before}");
}

#[test]
fn held_lock_is_found_before_a_key_is_created() {
    // S-8
    needs!(FLOCK);
    let (served, home) = (serve(), Home::new());
    home.store_key(&served);
    let (lock, posts) = (format!("{}.lock", home.file()), served.emulator.posts("/auth/keys"));
    let login = home.program(&["login", "--again", "--json", "--no-browser", "--server", &served.url]);
    let mut holder = Command::new("flock");
    // The program does not inherit the open file.
    holder.arg("--close").arg(lock).arg(login.get_program()).args(login.get_args()).env_clear();
    holder.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    holder.envs(login.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let error = Finished::from_output(holder.stdin(Stdio::null()).output().unwrap()).error(1);
    assert!(error["causes"].to_string().contains("was still in use after 10 s"), "{error}");
    assert_eq!(served.emulator.posts("/auth/keys"), posts);
}
