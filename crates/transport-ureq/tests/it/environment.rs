//! Tests of the proxy variables. Each case runs in its own process, because variables are per process.

use std::{
    env,
    process::{Command, Output},
};

use openrouter_oauth_transport::Limits;
use openrouter_oauth_transport_ureq::UreqTransport;

use crate::{
    failure::error_chain,
    origin::{certificate, https, issuer},
    proxy::forwarding_proxy,
    send,
    server::{GRANT, ScriptedServer, exchange},
};

/// The variables of [`child`]: the server's origin, its root certificate, and whether to disable proxies.
const ORIGIN: &str = "TEST_ORIGIN";
const ROOT: &str = "TEST_ROOT";
const NO_PROXY: &str = "TEST_NO_PROXY";

const VARIABLES: [&str; 8] = [
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Sends one request according to the environment, and prints the result.
///
/// The test below runs this function in a child process. Without the variables, the function does nothing.
#[test]
fn child() {
    let (Ok(origin), Ok(root)) = (env::var(ORIGIN), env::var(ROOT)) else { return };
    let mut builder = UreqTransport::builder().add_root_certificates_pem(root.as_bytes());
    if env::var_os(NO_PROXY).is_some() {
        builder = builder.no_proxy();
    }
    match send(&builder.build().unwrap(), exchange(&origin), Limits::default()) {
        Ok(response) => println!("outcome {}", response.status()),
        Err(error) => println!("outcome {:?}, {}", error.kind(), error_chain(&error)),
    }
}

fn run(origin: &str, root: &str, variables: &[(&'static str, String)]) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["environment::child", "--exact", "--nocapture"]);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command.env(ORIGIN, origin).env(ROOT, root).envs(variables.iter().cloned()).output().unwrap()
}

#[test]
fn environment_selects_the_proxy() {
    // F5, C-17. Only the proxy can resolve this host.
    const HOST: &str = "openrouter.invalid";
    const UNUSABLE: &str =
        "Other, the request failed: HTTPS_PROXY is not a valid `http`, `https`, or `socks5` proxy URL";
    let issuer = issuer();
    let certified = certificate(&issuer, &[HOST, "localhost"], (2020, 2100));
    let scheme = https("localhost", &certified, rustls::DEFAULT_VERSIONS);
    let server = ScriptedServer::responding(&scheme, GRANT).unwrap();
    let proxy = forwarding_proxy();
    let there = format!("https://{HOST}:{}", server.address().port());
    let here = server.origin().to_owned();
    let url = || proxy.origin().to_owned();
    let mut tunnels = 0;
    for (origin, variables, outcome, proxied) in [
        (&there, vec![("HTTPS_PROXY", url())], "200", true),
        (&there, vec![("all_proxy", url().replace("http://", "http://us3r:s3cret@"))], "200", true),
        (&there, vec![("HTTPS_PROXY", url()), ("NO_PROXY", "x, .invalid".into())], "Connect", false),
        (&there, vec![("HTTP_PROXY", url())], "Connect", false),
        (&there, vec![("HTTPS_PROXY", url()), (NO_PROXY, "1".into())], "Connect", false),
        (&there, vec![("HTTPS_PROXY", "socks4://us3r:s3cret@127.0.0.1".into())], UNUSABLE, false),
        (&here, vec![("HTTPS_PROXY", url())], "200", false),
    ] {
        let case = format!("{origin} {variables:?}");
        let output = run(origin, &issuer.as_ref().pem(), &variables);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && printed.contains(&format!("outcome {outcome}")),
            "{case}: {printed}"
        );
        assert!(!printed.contains("s3cret"), "{case}: {printed}");
        tunnels += usize::from(proxied);
        assert_eq!(proxy.connections().unwrap(), tunnels, "{case}");
    }
    let by_name = format!("CONNECT {HOST}:{} HTTP/1.1", server.address().port());
    assert!(proxy.requests().iter().all(|request| request.line == by_name));
}
