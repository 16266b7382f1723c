//! Tests of what ureq logs. Each case runs in its own process, because a logger is per process.

use std::{
    env,
    process::Command,
    sync::{Mutex, PoisonError},
};

use log::{LevelFilter, Log, Metadata, Record};
use openrouter_oauth_transport::{ErrorKind, Limits};
use openrouter_oauth_transport_ureq::UreqTransport;

use crate::{
    failure::error_chain,
    origin::Origin,
    send,
    server::{KEY, ScriptedServer, exchange, responding},
};

/// The variables of [`child`]: the levels of the targets `ureq` and `ureq_proto`.
const LEVEL: &str = "TEST_LEVEL";
const PROTO_LEVEL: &str = "TEST_PROTO_LEVEL";

/// Records everything, except for these targets above their levels.
struct Recorder {
    ureq: LevelFilter,
    proto: LevelFilter,
    lines: Mutex<Vec<String>>,
}

impl Log for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        match metadata.target().split("::").next() {
            Some("ureq") => metadata.level() <= self.ureq,
            Some("ureq_proto") => metadata.level() <= self.proto,
            _ => true,
        }
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(format!("{} {}", record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

/// Sends a request with secrets while everything is logged. The tests below run this function in a child process.
#[test]
fn child() {
    let (Ok(ureq), Ok(proto)) = (env::var(LEVEL), env::var(PROTO_LEVEL)) else { return };
    let recorder =
        Recorder { ureq: ureq.parse().unwrap(), proto: proto.parse().unwrap(), lines: Mutex::default() };
    let recorder: &Recorder = Box::leak(Box::new(recorder));
    log::set_logger(recorder).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let origin = Origin::new();
    let response = format!(
        "HTTP/1.1 201 Created\r\nlocation: /?code=l0cation\r\ncontent-length: {}\r\n\r\n{KEY}",
        KEY.len()
    );
    let server = ScriptedServer::responding(&origin.scheme, response).unwrap();
    let mut request = exchange(server.origin());
    *request.uri_mut() = format!("{}?qu3ry", request.uri()).parse().unwrap();
    request.headers_mut().insert("authorization", "Bearer sk-or-v1-canary".parse().unwrap());
    let proxy = crate::proxy::forwarding_proxy();
    let url = proxy.origin().replace("//", "//us3r:s3cret@");
    let transport = origin.builder().proxy(&url).build().unwrap();
    match send(&transport, request, Limits::default()) {
        Ok(response) => {
            assert_eq!(response.body(), KEY);
            println!("outcome ok");
        }
        Err(error) => {
            assert!(error.kind() == ErrorKind::Other && !error.may_have_been_sent(), "{error:?}");
            println!("outcome {}", error_chain(&error));
        }
    }
    let lines = recorder.lines.lock().unwrap();
    for secret in [
        "canary",
        "c0de-g1ven",
        "v3rifier",
        "qu3ry",
        "l0cation",
        "sk-or-v1-00",
        "us3r",
        "s3cret",
        "dXMzcjpzM2NyZXQ",
    ] {
        assert!(!lines.iter().any(|line| line.contains(secret)), "{secret}: {lines:#?}");
    }
    println!("lines {}", lines.iter().filter(|line| line.starts_with("ureq")).count());
}

fn run(level: &str, proto_level: &str) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["logs::child", "--exact", "--nocapture"]).env(LEVEL, level).env(PROTO_LEVEL, proto_level);
    let output = command.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed} {}", String::from_utf8_lossy(&output.stderr));
    printed
}

#[test]
fn logs_show_no_secret() {
    // S-1, rule 7
    let printed = run("debug", "debug");
    assert!(printed.contains("outcome ok") && !printed.contains("lines 0\n"), "{printed}");
}

#[test]
fn logger_that_records_bytes_is_rejected() {
    // S-1, rule 7
    for (level, proto_level) in [("trace", "debug"), ("debug", "trace"), ("trace", "trace")] {
        let printed = run(level, proto_level);
        assert!(
            printed.contains("limit its targets `ureq` and") && printed.contains("lines 0\n"),
            "{printed}"
        );
    }
}

#[test]
fn logger_that_changes_while_the_request_connects_is_noticed() {
    // S-1, rule 7
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["logs::changing_child", "--exact", "--nocapture"]).env(LEVEL, "trace");
    let output = command.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && printed.contains("nothing was sent"), "{printed}");
}

/// Records at `trace` as soon as ureq has opened a socket. The test above runs this function in a child process.
#[test]
fn changing_child() {
    if env::var_os(LEVEL).is_none() || env::var_os(PROTO_LEVEL).is_some() {
        return;
    }
    log::set_logger(&Reloadable).unwrap();
    log::set_max_level(LevelFilter::Debug);
    let server = responding(KEY);
    let error = send(&UreqTransport::new(), exchange(server.origin()), Limits::default()).unwrap_err();
    assert!(error_chain(&error).contains("limit its targets `ureq` and"), "{error:?}");
    assert!(error.kind() == ErrorKind::Other && !error.may_have_been_sent(), "{error:?}");
    assert!(server.requests().is_empty());
    println!("nothing was sent");
}

/// A logger whose level a program raises while a request connects.
struct Reloadable;

impl Log for Reloadable {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.args().to_string().starts_with("Connected TcpStream") {
            log::set_max_level(LevelFilter::Trace);
        }
    }

    fn flush(&self) {}
}
