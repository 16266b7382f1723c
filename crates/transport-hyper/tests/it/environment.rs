//! Tests of proxy variables in the environment. Each case runs in its own process, because variables are per process.

use std::{
    env,
    process::{Command, Output},
};

use openrouter_oauth_transport::{Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::{
    GRANT, exchange,
    origin::{error_chain, https_with, tls_config},
    server::ScriptedServer,
    tls::{issuer, signed_by_for},
    tunnel,
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
#[tokio::test]
async fn child() {
    let (Ok(origin), Ok(root)) = (env::var(ORIGIN), env::var(ROOT)) else { return };
    let mut builder = HyperTransport::builder().add_root_certificates_pem(root.as_bytes());
    if env::var_os(NO_PROXY).is_some() {
        builder = builder.no_proxy();
    }
    let transport = builder.build().unwrap();
    match transport.send(exchange(&origin), Limits::default()).await {
        Ok(response) => println!("outcome {}", response.status()),
        Err(error) => println!("outcome {:?}, {}, {error:?}", error.kind(), error_chain(&error)),
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
    // The error names the variable that the user must fix.
    const UNUSABLE: &str =
        "Other, the request failed: HTTPS_PROXY is not a valid `http`, `https`, or `socks5` proxy URL";
    let issuer = issuer();
    let certified = signed_by_for(&issuer, &[HOST, "localhost"]);
    let server = ScriptedServer::responding(&https_with("localhost", tls_config(&certified)), GRANT).unwrap();
    let proxy = tunnel::proxy(server.address());
    let (there, here) = (format!("https://{HOST}"), server.origin().to_owned());
    let url = || proxy.origin().to_owned();
    let mut tunnels = 0;
    for (origin, variables, outcome, proxied) in [
        (&there, vec![("HTTPS_PROXY", url())], "200", true),
        (&there, vec![("https_proxy", url())], "200", true),
        (&there, vec![("ALL_PROXY", url())], "200", true),
        (&there, vec![("all_proxy", url().replace("http://", "http://us3r:s3cret@"))], "200", true),
        (&there, vec![("HTTPS_PROXY", String::new()), ("ALL_PROXY", url())], "200", true),
        (&there, vec![("HTTPS_PROXY", url()), ("NO_PROXY", "example.com".into())], "200", true),
        // No proxy for this host, for this scheme, or at all.
        (&there, vec![("HTTPS_PROXY", url()), ("NO_PROXY", "x, .invalid".into())], "Connect", false),
        (&there, vec![("HTTPS_PROXY", url()), ("no_proxy", "*".into())], "Connect", false),
        (&there, vec![("HTTP_PROXY", url())], "Connect", false),
        (&there, vec![("HTTPS_PROXY", url()), (NO_PROXY, "1".into())], "Connect", false),
        (&there, vec![], "Connect", false),
        (&here, vec![("HTTPS_PROXY", url())], "200", false),
        // An invalid variable is not skipped.
        (&there, vec![("HTTPS_PROXY", "socks4://us3r:s3cret@127.0.0.1".into())], UNUSABLE, false),
        (&there, vec![("HTTPS_PROXY", "http://us3r:s3cret@".into()), ("ALL_PROXY", url())], UNUSABLE, false),
        (&here, vec![("HTTPS_PROXY", "nonsense://".into())], "200", false),
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
    let by_name = format!("CONNECT {HOST}:443 HTTP/1.1");
    assert!(proxy.requests().iter().all(|request| request.line == by_name));
}
