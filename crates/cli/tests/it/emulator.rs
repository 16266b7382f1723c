//! `emulator` as a process.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::Child,
};

use crate::support::{Finished, program, run};

#[test]
fn emulator_process_serves_the_demo_until_stopped() {
    let mut emulator = Stopped(program(&["emulator", "--port", "0"]).spawn().unwrap());
    let mut url = String::new();
    let stdout = emulator.0.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut url).unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");

    let demo = run(&["demo", "--server", url.trim_end()]);
    assert_eq!(demo.status, Some(0), "{demo:?}");
}

#[test]
fn error_names_the_taken_port() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let emulator = run(&["emulator", "--port", &port]);
    assert_eq!(emulator.status, Some(1));
    assert!(emulator.stderr.starts_with(&format!("error: port {port} ")), "{emulator:?}");

    let error = run(&["emulator", "--json", "--port", &port]).error(1);
    assert_eq!(error["kind"], "unexpected");
}

#[test]
fn port_is_a_number_up_to_65535() {
    for port in ["65536", "-1", "", "http"] {
        let emulator = Finished::from_output(program(&["emulator", "--port", port]).output().unwrap());
        assert_eq!(emulator.status, Some(2), "{port}");
    }
}

// The shell of the help's line is a Unix shell.
#[cfg(unix)]
#[test]
fn curl_line_of_the_help_approves_a_sign_in() {
    use std::process::Command;

    use crate::{
        support::serve,
        tools::{Tool, needs},
    };

    const CURL: Tool = Tool::new("curl", &["curl", "--version"]);
    needs!(CURL);
    let served = serve();
    let help = run(&["emulator", "--help"]);
    let curl = help.line().lines().find(|line| line.starts_with("  curl ")).unwrap();
    let begun = run(&["url", "--json", "--server", &served.url]).json();
    let mut shell = Command::new("sh");
    shell.args(["-c", curl]).env("url", begun["authorize_url"].as_str().unwrap()).env("no_proxy", "*");
    let approved: serde_json::Value = serde_json::from_slice(&shell.output().unwrap().stdout).unwrap();
    assert!(approved["code"].is_string(), "{approved}");
}

/// A process that ends with the test.
pub(crate) struct Stopped(pub(crate) Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        // This fails only if the process has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
