//! Signals that end `emulator` and `login`. Windows can send Ctrl-C only to all programs of a console.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, ChildStderr},
    thread,
    time::Duration,
};

use openrouter_oauth_emulator::Fault;
use serde_json::Value;

use crate::{
    emulator::Stopped,
    ports::fixed_port,
    signal::kill,
    support::{program, serve},
    user::{Home, Login, get},
    wait::wait_until,
};

#[test]
fn sigint_and_sigterm_end_the_emulator_with_success() {
    for signal in ["INT", "TERM"] {
        let mut emulator = Stopped(program(&["emulator", "--json"]).spawn().unwrap());
        let mut line = String::new();
        let stdout = emulator.0.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let output: Value = serde_json::from_str(&line).unwrap();
        assert!(output["base_url"].as_str().unwrap().ends_with("/api/v1"));

        kill(signal, &emulator.0.id().to_string());
        assert_eq!(emulator.0.wait().unwrap().code(), Some(0), "{signal}");
    }
}

#[test]
fn signal_ends_the_wait_for_another_login() {
    let (served, home) = (serve(), Home::new());
    let other = Login::start(&served, &home, &[]);
    let waiting = home.program(&["login", "--json", "--server", &served.url]).spawn().unwrap();
    let mut waiting = Waiting::new(waiting);
    assert!(waiting.line().contains("another program is signing in"));
    kill("TERM", &waiting.child.id().to_string());
    assert!(waiting.line().contains(r#""kind":"cancelled""#));
    assert_eq!(waiting.child.wait().unwrap().code(), Some(130));
    other.kill();
}

/// A login that waits for another one.
struct Waiting {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Waiting {
    fn new(mut child: Child) -> Self {
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }
}

#[test]
fn signal_cancels_and_leaves_nothing() {
    let (served, home) = (serve(), Home::new());
    for signal in ["INT", "TERM", "HUP"] {
        let port = fixed_port();
        let login = Login::start(&served, &home, &["--port", &port.to_string()]);
        login.signal(signal);
        let cancelled = login.finish();
        assert_eq!((cancelled.status, cancelled.stdout.as_str()), (Some(130), ""), "{signal} {cancelled:?}");
        assert_eq!(cancelled.last_error()["kind"], "cancelled");
        TcpListener::bind(("127.0.0.1", port)).unwrap();
    }
    assert_eq!(served.emulator.posts("/auth/keys"), 0);
}

#[test]
fn signal_during_the_exchange_reports_a_possible_key() {
    let (served, home) = (serve(), Home::new());
    served.emulator.inject(Fault::delay(Duration::from_secs(60)).on("/auth/keys"));
    let login = Login::start(&served, &home, &[]);
    let browser = thread::spawn({
        let came_back = login.approve();
        move || get(&came_back)
    });
    wait_until(|| served.emulator.posts("/auth/keys") > 0);
    login.signal("INT");
    let cancelled = login.finish();
    assert_eq!((cancelled.status, cancelled.stdout.as_str()), (Some(5), ""), "{cancelled:?}");
    let error = cancelled.last_error();
    assert!(error["message"].as_str().unwrap().contains("may have been created"), "{error}");
    let page = browser.join().unwrap();
    assert!(page.starts_with("HTTP/1.1 5"), "L-19: {page}");
}
