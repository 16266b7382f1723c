//! A process that has run out of file descriptors. Each case is a process of its own.

use std::{env, fs::File, process::Command};

use openrouter_oauth_transport::{Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::{exchange, origin::Origin, server::granting};

/// Set for [`child`]: where to send, and whom to trust.
const ORIGIN: &str = "TEST_FULL_ORIGIN";
const ROOT: &str = "TEST_FULL_ROOT";

/// Sends one request with every descriptor taken and one with all of them back, and prints what came of them: a part
/// of the test below, and without what it sets nothing.
#[tokio::test]
async fn child() {
    let (Ok(origin), Ok(root)) = (env::var(ORIGIN), env::var(ROOT)) else { return };
    let builder = HyperTransport::builder().no_proxy().add_root_certificates_pem(root.as_bytes());
    let transport = builder.build().unwrap();
    let mut taken = Vec::new();
    let full = loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(full) => break full,
        }
    };
    println!("full {full}");
    for what in ["first", "second"] {
        match transport.send(exchange(&origin), Limits::default()).await {
            Ok(response) => println!("{what} {}", response.status()),
            Err(error) => println!("{what} {:?} {}", error.kind(), error.may_have_been_sent()),
        }
        taken.clear();
    }
}

#[test]
fn missing_file_descriptor_sends_nothing() {
    // F6: EMFILE.
    let (plain, tls) = (granting(), Origin::new());
    for server in [&plain, &tls.server] {
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"ulimit -n 64 && exec "$@""#, "sh"])
            .arg(env::current_exe().unwrap())
            .args(["exhausted::child", "--exact", "--nocapture"])
            .env(ORIGIN, server.origin())
            .env(ROOT, tls.issuer.as_ref().pem());
        let output = command.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains("full Too many open files"), "{printed}");
        assert!(printed.contains("first Connect false\n"), "{printed}");
        assert!(printed.contains("second 200 OK\n"), "{printed}");
        assert_eq!(server.requests().len(), 1);
    }
}
