//! Tests of a process without free file descriptors. Each case runs in its own process.

use std::{env, fs::File, process::Command};

use openrouter_oauth_transport::{Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::{
    origin::Origin,
    server::{exchange, granting},
};

/// The variables of [`child`]: the server's origin and its root certificate.
const ORIGIN: &str = "TEST_FULL_ORIGIN";
const ROOT: &str = "TEST_FULL_ROOT";

/// Sends one request while all descriptors are in use and one after freeing them, and prints the results.
///
/// The test below runs this function in a child process. Without the variables, the function does nothing.
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
