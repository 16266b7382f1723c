//! Tests of variables in the environment, for proxies and root certificates. Each case runs in its own process, because variables are per process.

use std::{
    env,
    process::{Command, Output},
};

use openrouter_oauth_transport::{Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::{
    failure::error_chain,
    origin::{https_with, tls_config},
    server::{GRANT, ScriptedServer, exchange},
    tls::{issuer, signed_by_for},
    tunnel,
};

/// The variables of [`child`]: the server's origin, its root certificate (or nothing, for the default roots), and whether
/// to disable proxies.
const ORIGIN: &str = "TEST_ORIGIN";
const ROOT: &str = "TEST_ROOT";
const NO_PROXY: &str = "TEST_NO_PROXY";

const VARIABLES: [&str; 10] = [
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Sends one request according to the environment, and prints the result.
///
/// The test below runs this function in a child process. Without the variables, the function does nothing.
#[tokio::test]
async fn child() {
    let (Ok(origin), Ok(root)) = (env::var(ORIGIN), env::var(ROOT)) else { return };
    let mut builder = HyperTransport::builder();
    if !root.is_empty() {
        builder = builder.add_root_certificates_pem(root.as_bytes());
    }
    if env::var_os(NO_PROXY).is_some() {
        builder = builder.no_proxy();
    }
    let transport = builder.build().unwrap();
    match transport.send(exchange(&origin), Limits::default()).await {
        Ok(response) => println!("outcome {}", response.status()),
        Err(error) => println!("outcome {:?}, {}", error.kind(), error_chain(&error)),
    }
}

fn run(origin: &str, root: &str, variables: &[(&'static str, String)]) -> Output {
    command(origin, root, variables).output().unwrap()
}

fn command(origin: &str, root: &str, variables: &[(&'static str, String)]) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["environment::child", "--exact", "--nocapture"]);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command.env(ORIGIN, origin).env(ROOT, root).envs(variables.iter().cloned());
    command
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

#[cfg(all(feature = "platform-roots", target_os = "linux"))]
#[test]
fn error_names_the_variable_with_unusable_roots() {
    use std::fs;

    use crate::{origin::Origin, tls};

    let (origin, folder) = (Origin::new(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["roots", "others", "empty"] {
        fs::create_dir(path(name)).unwrap();
    }
    let write = |name: &str, text: &str| fs::write(path(name), text).map(|()| path(name)).unwrap();
    let root = write("roots/root.pem", &origin.issuer.as_ref().pem());
    let other = write("others/other.pem", &tls::other_root().pem());
    let (blank, text) = (write("blank.pem", ""), write("text.pem", "not PEM"));
    let broken = write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let missing = path("missing");

    let unreadable = |name: &str, path: &str| format!("{name} is set to {path:?}, which could not be read: ");
    let no_pem = |name: &str, path: &str| format!("{name} is set to {path:?}, which contains no certificate");
    let (file, folders) = ("SSL_CERT_FILE", "SSL_CERT_DIR");
    let both = format!("{}:{}", path("empty"), path("roots"));
    for (variables, expected) in [
        (vec![(file, root.clone())], None),
        (vec![(folders, both.clone())], None),
        // The other variable is enough.
        (vec![(file, missing.clone()), (folders, path("roots"))], None),
        (vec![(file, missing.clone())], Some(unreadable(file, &missing))),
        (vec![(file, path("empty"))], Some(unreadable(file, &path("empty")))),
        (vec![(file, String::new())], Some(unreadable(file, ""))),
        (vec![(file, blank.clone())], Some(no_pem(file, &blank))),
        (vec![(file, text.clone())], Some(no_pem(file, &text))),
        (vec![(file, broken.clone())], Some(no_pem(file, &broken))),
        (vec![(folders, missing.clone())], Some(unreadable(folders, &missing))),
        (vec![(folders, format!("{}:{missing}", path("others")))], Some(unreadable(folders, &missing))),
        (vec![(folders, path("empty"))], Some(no_pem(folders, &path("empty")))),
        // The other variable has roots, but not the right one.
        (vec![(file, missing.clone()), (folders, path("others"))], Some(unreadable(file, &missing))),
        (vec![(file, other)], Some("invalid peer certificate: UnknownIssuer".into())),
    ] {
        let output = run(origin.server.origin(), "", &variables);
        let printed = String::from_utf8(output.stdout).unwrap();
        let outcome = printed.split("outcome ").nth(1).unwrap();
        match expected {
            None => assert!(outcome.starts_with("200"), "{variables:?}: {outcome}"),
            Some(cause) => {
                let start = format!("Tls, the TLS handshake failed: {cause}");
                assert!(outcome.starts_with(&start), "{variables:?}: {outcome}");
            }
        }
    }
    assert_eq!(origin.server.requests().len(), 3);
}

#[cfg(all(feature = "platform-roots", target_os = "linux"))]
#[test]
fn roots_are_read_while_the_connection_is_made() {
    use std::{fs, process::Stdio};

    use crate::origin::Origin;

    let (origin, folder) = (Origin::new(), tempfile::tempdir().unwrap());
    let pipe = folder.path().join("roots");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let variables = [("SSL_CERT_FILE", pipe.to_str().unwrap().to_owned())];
    let child = command(origin.server.origin(), "", &variables).stdout(Stdio::piped()).spawn().unwrap();

    // The child cannot read the roots before they are written, and connects nevertheless.
    while origin.server.connections().unwrap() == 0 {
        std::thread::yield_now();
    }
    fs::write(&pipe, origin.issuer.as_ref().pem()).unwrap();
    let printed = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(printed.contains("outcome 200"), "{printed}");
}
