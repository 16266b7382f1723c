//! Logins that need their own process: one without file descriptors, and one that gets a signal.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::Stdio,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use openrouter_oauth_emulator::Settings;
use openrouter_oauth_login::{Error, Event, ListenerError, Login};
use openrouter_oauth_tests::{
    testbed::Testbed,
    user::{TypedInput, typing},
};
use rustix::process::{Pid, Signal, kill_process};

use crate::child;

/// A login that waits for a browser.
fn login(testbed: &Testbed) -> Login {
    Login::new(testbed.client())
        .no_browser()
        .headless(false)
        .key_label("my-cli")
        .timeout(Duration::from_secs(60))
}

#[test]
fn login_without_a_port_accepts_a_pasted_code() {
    // F46
    let wrapper = ["sh", "-c", r#"ulimit -n 64 && exec "$0" "$@""#];
    let child = child::command(&wrapper, "process::child_logs_in_without_a_port").spawn().unwrap();
    child::finish(child);
}

#[tokio::test]
async fn child_logs_in_without_a_port() {
    if !child::is_child() {
        return;
    }
    let testbed = Testbed::in_memory(Settings::default());
    let prompt = typing(testbed.user(), [TypedInput::Code]);
    let bind_errors = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&bind_errors);
    let login = login(&testbed).prompt(prompt.clone()).on_event(move |event| match event {
        Event::Listening { .. } => panic!("{event:?}"),
        Event::NotListening(ListenerError::Bind { port: 0, .. }) => *counter.lock().unwrap() += 1,
        _ => {}
    });
    // The process cannot open a socket either, because it has no file descriptor left.
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    let signed_in = login.run().await;
    drop(files);
    let key = signed_in.unwrap().key;
    assert!(testbed.client().with_key(key).current_key().await.is_ok());
    assert_eq!(*bind_errors.lock().unwrap(), 1);
    assert!(!prompt.url().unwrap().contains("callback_url"));
}

#[test]
fn ctrl_c_ends_the_login_but_not_its_process() {
    // L-20
    let mut child =
        child::command(&[], "process::child_logs_in_until_ctrl_c").stdin(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("WAITING") {}
    let process = i32::try_from(child.id()).unwrap();
    while !catches_ctrl_c(process) {
        thread::sleep(Duration::from_millis(5));
    }
    kill_process(Pid::from_raw(process).unwrap(), Signal::INT).unwrap();
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    assert!(child::has_passed(&rest.join("\n")), "{rest:?}");
    assert!(child.wait().unwrap().success());
}

/// Returns whether a process has a handler for SIGINT, the second signal.
fn catches_ctrl_c(process: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & 0b10 != 0
}

#[tokio::test]
async fn child_logs_in_until_ctrl_c() {
    if !child::is_child() {
        return;
    }
    let testbed = Testbed::in_memory(Settings::default());
    let port = Arc::new(Mutex::new(0));
    let listening_port = Arc::clone(&port);
    let login = login(&testbed).no_prompt().cancel_on_ctrl_c().on_event(move |event| match event {
        Event::Listening { port } => *listening_port.lock().unwrap() = *port,
        Event::Waiting => println!("WAITING"),
        _ => {}
    });
    let error = login.run().await.unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error:?}");
    let port = *port.lock().unwrap();
    assert_ne!(port, 0);
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}
