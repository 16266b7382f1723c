//! Variables that set the proxy, the root certificates and the kind of page.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Stdio,
    thread,
};

use tempfile::TempDir;

use crate::{
    support::{Finished, serve},
    user::Home,
};

/// Starts a proxy that sends this response to every request, or none if it is empty.
fn proxy(response: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut silent = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if response.is_empty() {
                silent.push(stream);
                continue;
            }
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            stream.write_all(response.as_bytes()).unwrap();
        }
    });
    address
}

/// Exchanges a code at a service that only a proxy could reach. The proxy needs credentials.
fn exchange_through(proxy: SocketAddr) -> Finished {
    let (home, url) = (Home::new(), format!("http://us3r:s3cret@{proxy}"));
    let folder = TempDir::new().unwrap();
    let roots = folder.path().join("root.pem");
    fs::write(&roots, ROOT).unwrap();
    let exchange = ["exchange", "--without-pkce", "--json", "--server", "https://openrouter.invalid/api/v1"];
    let variables = [
        ("HTTPS_PROXY", &*url),
        ("OPENROUTER_CODE", "auth_code_x"),
        // The proxy is tried only after the root certificates are loaded.
        ("SSL_CERT_FILE", roots.to_str().unwrap()),
    ];
    let failed = home.run_with(&exchange, &variables);
    assert_eq!(failed.status, Some(4), "{failed:?}");
    assert!(!failed.stderr.contains("s3cret") && !failed.stderr.contains("us3r"), "{failed:?}");
    failed
}

#[test]
fn unsupported_proxy_authentication_has_its_own_advice() {
    let ntlm = proxy(
        "HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\ncontent-length: 0\r\n\r\n",
    );
    let error = exchange_through(ntlm).error(4);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("Px or cntlm") && !message.contains("URL"), "{error}");
    let causes = error["causes"].to_string();
    assert!(causes.contains("the proxy offers only Negotiate and NTLM authentication"), "{error}");
    assert!(causes.contains(&format!("through the proxy {ntlm} failed")), "{error}");

    let basic = proxy("HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM, Basic realm=\"x\"\r\n\r\n");
    let error = exchange_through(basic).error(4);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("add them to the proxy's URL") && !message.contains("cntlm"), "{error}");
}

#[test]
fn error_names_the_proxy_that_hangs() {
    let silent = proxy("");
    let error = exchange_through(silent).error(4);
    assert_eq!(error["kind"], "not_sent");
    let named = format!("the connection through the proxy {silent} failed");
    assert!(error["causes"].as_array().unwrap().contains(&named.into()), "{error}");
}

#[test]
fn unusable_proxy_is_not_a_reason_to_retry() {
    let exchange = ["exchange", "--without-pkce", "--json", "--server", "https://openrouter.invalid/api/v1"];
    let variables = [("HTTPS_PROXY", "ftp://127.0.0.1"), ("OPENROUTER_CODE", "auth_code_x")];
    let error = Home::new().run_with(&exchange, &variables).error(1);
    assert_eq!(error["kind"], "unexpected");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("failed on this machine before it was sent"), "{error}");
    assert!(error["causes"].to_string().contains("HTTPS_PROXY"), "{error}");
}

// On Windows and macOS, the system verifies certificates, and no variable sets the roots.
#[cfg(target_os = "linux")]
#[test]
fn error_names_the_variable_with_unusable_roots() {
    let (home, folder) = (Home::new(), TempDir::new().unwrap());
    let empty = folder.path().join("empty.pem").to_str().unwrap().to_owned();
    fs::write(&empty, "").unwrap();
    for (name, path, problem) in [
        ("SSL_CERT_FILE", "/nonexistent.pem", "could not be read: No such file"),
        ("SSL_CERT_FILE", &empty, "contains no certificate"),
        ("SSL_CERT_DIR", "/nonexistent", "could not be read: No such file"),
    ] {
        let status = ["status", "--json", "--server", "https://127.0.0.1:1/api/v1"];
        let error = home.run_with(&status, &[("OPENROUTER_API_KEY", "sk-or-v1-x"), (name, path)]).error(4);
        let causes = error["causes"].as_array().unwrap();
        let named = format!("{name} is set to {path:?}, which {problem}");
        assert!(causes.iter().any(|cause| cause.as_str().unwrap().starts_with(&named)), "{error}");
    }
}

#[test]
fn login_reports_why_the_page_shows_a_code() {
    let (served, home) = (serve(), Home::new());
    let login = |arguments: &[&str], variables: &[(&str, &str)]| {
        let login = ["login", "--timeout", "1", "--no-browser", "--server", &served.url];
        let mut program = home.program(&[&login, arguments].concat());
        program.env_remove("DISPLAY").envs(variables.iter().copied());
        Finished::from_output(program.stdin(Stdio::null()).output().unwrap()).stderr
    };
    let page = "The page will show a code to paste, because";
    let ssh = login(&[], &[("SSH_TTY", "/dev/pts/1")]);
    assert!(ssh.starts_with(&format!("{page} this is an SSH session.")), "{ssh}");
    assert!(ssh.contains("--no-headless") && ssh.contains("--port"), "{ssh}");
    let container = login(&[], &[("container", "podman")]);
    assert!(container.starts_with(&format!("{page} this is a container.")), "{container}");
    #[cfg(target_os = "linux")]
    if !["/.dockerenv", "/run/.containerenv"].iter().any(|path| Path::new(path).exists()) {
        let no_display = login(&[], &[]);
        assert!(no_display.starts_with(&format!("{page} there is no display.")), "{no_display}");
        assert!(no_display.contains("--no-headless") && !no_display.contains("--port"), "{no_display}");
    }

    // The user has chosen.
    let variables = &[("SSH_TTY", "/dev/pts/1")];
    let headless = login(&["--headless"], variables);
    assert!(headless.contains("The page then shows a code") && !headless.contains(page), "{headless}");
    let callback = login(&["--no-headless"], variables);
    assert!(callback.contains("callback_url=") && !callback.contains(page), "{callback}");
    let displayed = login(&[], &[("DISPLAY", ":0"), ("SSH_TTY", "")]);
    assert!(!displayed.contains(page) || Path::new("/.dockerenv").exists(), "{displayed}");
    assert!(!login(&["--json"], variables).contains(page));
}

/// A root certificate whose key nobody has.
const ROOT: &str = "\
-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUTi6euzNVDjiwDG0aNOehdzqp+rEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJdGVzdCByb290MCAXDTI2MTEzMDEwNDQxN1oYDzIxMDAxMTAy
MTA0NDE3WjAUMRIwEAYDVQQDDAl0ZXN0IHJvb3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARqYR0OPZXD4Z8jbdSOTLwFDv92gR/z6N9kPDGgPmYBQlhrYm08eFuK
ffzjJ1bJf2+yq1JR02IkjxykNYZWVJrSo1MwUTAdBgNVHQ4EFgQULmI4N9bV7k1f
8ysKMYjUHEOm2VswHwYDVR0jBBgwFoAULmI4N9bV7k1f8ysKMYjUHEOm2VswDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA8UI1V9bIwwLZ2WSzV66G
EfGk6LLyMpdjbgzwQmHKc9UCIFpx4yIkAgRU2SJj21JVsLF4IayK6lXbHRTUqVU8
N5cW
-----END CERTIFICATE-----
";
