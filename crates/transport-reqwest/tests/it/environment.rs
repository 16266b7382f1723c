//! Tests of variables in the environment. Each case runs in its own process, because variables are per process.

use std::{env, process::Command};

use openrouter_oauth_transport_contract::ClosedPort;
use openrouter_oauth_transport_reqwest::ReqwestTransport;

use crate::{
    failure::error_chain,
    install_provider, send,
    server::{RunScript, Scheme, ScriptedServer, close_connection, granting, responding},
};

/// The server's origin, for [`child`].
const ORIGIN: &str = "TEST_ORIGIN";

/// If this variable is set, [`child`] installs no TLS provider.
const NO_PROVIDER: &str = "TEST_NO_PROVIDER";

const VARIABLES: [&str; 9] = [
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
    "REQUEST_METHOD",
];

/// Sends one request according to the environment, and prints the result.
///
/// The test below runs this function in a child process. Without the variable, the function does nothing.
#[tokio::test]
async fn child() {
    let Ok(origin) = env::var(ORIGIN) else { return };
    if env::var_os(NO_PROVIDER).is_none() {
        install_provider();
    }
    let result = match ReqwestTransport::new() {
        Ok(transport) => send(&transport, &origin).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(_) => println!("outcome: response"),
        Err(error) => {
            let sent = if error.may_have_been_sent() { "maybe sent" } else { "not sent" };
            println!("outcome: {:?}, {sent}, {}", error.kind(), error_chain(&error));
        }
    }
}

fn run(origin: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["environment::child", "--exact", "--nocapture"]);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    let output = command.env(ORIGIN, origin).envs(variables.iter().copied()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Only a proxy can resolve this host. A direct connection is a `Connect` error.
const HOST: &str = "https://openrouter.invalid";

/// Starts a proxy that responds with 407, which is a `ProxyAuth` error.
fn proxy() -> ScriptedServer {
    responding("HTTP/1.1 407 x\r\ncontent-length: 0\r\n\r\n")
}

#[test]
fn environment_selects_the_proxy() {
    // F5, C-17
    let proxy = proxy();
    let url = &*proxy.origin().replace("//", "//us3r:p%40ss@");
    let cases = [
        &[("HTTPS_PROXY", url)][..],
        &[("https_proxy", url)],
        &[("ALL_PROXY", url)],
        &[("all_proxy", url)],
        &[("HTTPS_PROXY", ""), ("https_proxy", url)],
        &[("HTTPS_PROXY", url), ("ALL_PROXY", "http://127.0.0.1:1")],
        &[("HTTPS_PROXY", url), ("REQUEST_METHOD", "GET")],
        &[("HTTPS_PROXY", url), ("NO_PROXY", "example.com, 10.0.0.0/8")],
    ];
    for variables in cases {
        let output = run(HOST, variables);
        assert!(output.contains("outcome: ProxyAuth, not sent,"), "{variables:?}: {output}");
        assert!(!output.contains("us3r") && !output.contains("Basic"), "{variables:?}: {output}");
    }
    let requests = proxy.requests();
    assert_eq!(requests.len(), cases.len());
    for request in requests {
        assert_eq!(request.line, "CONNECT openrouter.invalid:443 HTTP/1.1");
        assert_eq!(request.values("proxy-authorization"), [b"Basic dXMzcjpwQHNz"]);
    }
}

#[test]
fn unusable_proxy_is_not_bypassed() {
    // F5, C-17
    let proxy = proxy();
    for variable in ["HTTPS_PROXY", "https_proxy"] {
        // Windows does not distinguish the two.
        let reported = if cfg!(windows) { "HTTPS_PROXY" } else { variable };
        for url in [
            "ftp://us3r:s3cret@127.0.0.1:1",
            "http://us3r:s3/cret@127.0.0.1:1",
            "http://us3r:s3cret@127.0.0.1:port",
            // reqwest cannot parse this one.
            "http://us3r:s3cret@999.0.0.1:1",
        ] {
            let output = run(HOST, &[(variable, url), ("ALL_PROXY", proxy.origin()), ("NO_PROXY", "x")]);
            assert!(output.contains("outcome: Other, not sent,"), "{variable}={url}: {output}");
            assert!(output.contains(&format!("{reported} is not a valid")), "{variable}={url}: {output}");
            assert!(!output.contains("us3r") && !output.contains("cret"), "{variable}={url}: {output}");
        }
    }
    assert_eq!(proxy.connections().unwrap(), 0);
}

#[test]
fn listed_hosts_and_this_machine_need_no_proxy() {
    let proxy = proxy();
    let run = |origin: &str, list: (&str, &str)| {
        let output = run(origin, &[("HTTPS_PROXY", proxy.origin()), ("NO_PROXY", ""), list]);
        assert!(output.contains("outcome: Connect, not sent,"), "{origin} {list:?}: {output}");
    };
    for list in ["openrouter.invalid", ".invalid", "x,*"] {
        run(HOST, ("NO_PROXY", list));
        run(HOST, ("no_proxy", list));
    }
    let closed = ClosedPort::new().unwrap().origin().replace("http:", "https:");
    for host in ["127.0.0.1", "localhost"] {
        run(&closed.replace("127.0.0.1", host), ("no_proxy", ""));
    }
    assert_eq!(proxy.connections().unwrap(), 0);
}

#[test]
fn socks_proxy_of_the_environment_needs_the_feature() {
    let proxy =
        ScriptedServer::start(&Scheme::http(), RunScript::OnConnect, |_, _| close_connection()).unwrap();
    let schemes = ["socks5h:", "socks5:"];
    for scheme in schemes {
        let output = run(HOST, &[("ALL_PROXY", &proxy.origin().replace("http:", scheme))]);
        assert!(output.contains("outcome: Proxy,"), "{scheme}: {output}");
    }
    let expected = if cfg!(feature = "socks") { schemes.len() } else { 0 };
    assert_eq!(proxy.connections().unwrap(), expected);
}

#[test]
fn no_proxy_sees_a_request_over_plain_http() {
    let (server, proxy) = (granting(), granting());
    let unknown = "http://openrouter.invalid";
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let output = run(server.origin(), &[(variable, proxy.origin())]);
        assert!(output.contains("outcome: response"), "{variable}: {output}");
        let output = run(unknown, &[(variable, proxy.origin())]);
        assert!(output.contains("outcome: Connect, not sent,"), "{variable}: {output}");
    }
    assert_eq!((server.requests().len(), proxy.connections().unwrap()), (4, 0));
}

/// With the feature `rustls`, reqwest has a provider of its own.
#[test]
fn missing_provider_is_a_tls_error() {
    let server = granting();
    let output = run(server.origin(), &[(NO_PROVIDER, "1")]);
    let expected = if cfg!(feature = "rustls") { "outcome: response" } else { "outcome: Tls, not sent, " };
    assert!(output.contains(expected), "{output}");
    assert_eq!(server.requests().len(), usize::from(cfg!(feature = "rustls")));
}
