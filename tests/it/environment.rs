//! The environment of the process: variables, folders, runtimes. It never causes a panic, and a sign-in works without
//! most of it.

use std::{
    ffi::OsStr,
    net::Ipv4Addr,
    os::unix::ffi::OsStrExt,
    task::{Context, Poll, Waker},
};

use openrouter_oauth::{
    ApiKey, Client,
    transport_hyper::{HyperTransport, TokioTimer},
};
use openrouter_oauth_emulator::{DecisionOutcome, Settings};
use openrouter_oauth_tests::{
    testbed::Testbed,
    tls::{certificate, site},
};
use openrouter_oauth_transport_contract::{RunScript, Scheme, ScriptedConnection, ScriptedServer};

use crate::{
    child,
    support::{Operation, builder, describe},
};

/// Signs in over a socket, then calls a server that the system does not trust.
#[tokio::test]
async fn child_signs_in() {
    if !child::is_child() {
        return;
    }
    let testbed = Testbed::over_tcp(Settings::default()).await;
    let (url, mut pending) = testbed.client().authorize_headless().key_label("\u{130}").begin().unwrap();
    let DecisionOutcome::Code(shown) = testbed.user().approve(url.as_str(), Some(0.5)).await.unwrap() else {
        panic!("the page shows no code");
    };
    let code = pending.read_pasted(&shown).unwrap();
    let key = pending.exchange(testbed.client(), &code).await.unwrap().key;
    let info = testbed.client().with_key(key).current_key().await.unwrap();
    println!("SIGNED IN {:?}", info.limit);

    let server =
        ScriptedServer::responding(&site(&certificate("localhost", (2020, 2100))), "never sent").unwrap();
    let client = builder().base_url(server.url("/api/v1")).build().unwrap();
    println!("UNTRUSTED {}", describe(&client.signing_keys().await.unwrap_err()));
}

#[test]
fn sign_in_works_in_any_environment() {
    // F57
    let keys = tempfile::tempdir().unwrap();
    let keys = keys.path().join("keys");
    let odd = OsStr::from_bytes(b"\xff\xfe");
    // No file can be created in /proc.
    for (folder, variables) in [
        ("/", vec![]),
        ("/", vec![("LANG", OsStr::new("tr_TR.ISO-8859-9")), ("LC_ALL", OsStr::new("de_DE@euro"))]),
        ("/", vec![("LC_ALL", odd), ("TZ", odd), ("HOME", odd), ("USER", odd), ("PATH", odd)]),
        ("/", vec![("TZ", OsStr::new(":/nowhere")), ("HOME", OsStr::new("/nowhere"))]),
        ("/proc", vec![("HOME", OsStr::new("/proc")), ("TMPDIR", OsStr::new("/proc"))]),
        ("/", vec![("SSL_CERT_FILE", OsStr::new("/nowhere")), ("SSL_CERT_DIR", OsStr::new("/nowhere"))]),
        ("/", vec![("SSLKEYLOGFILE", keys.as_os_str())]),
        ("GONE", vec![]),
    ] {
        let case = format!("{folder} {variables:?}");
        let change_folder = r#"if [ "$0" = GONE ]; then d=$(mktemp -d) && cd "$d" && rmdir "$d"; else cd "$0"; fi && exec "$@""#;
        let wrapper = ["/bin/sh", "-c", change_folder, folder];
        let mut command = child::isolated_command(&wrapper, "environment::child_signs_in");
        let output = command.env("PATH", "/usr/bin:/bin").envs(variables).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{case}: {printed}");
        assert!(printed.contains("SIGNED IN Value(0.5)\n"), "{case}: {printed}");
        assert!(printed.contains("UNTRUSTED Tls\n"), "{case}: {printed}");
    }
    assert!(!keys.exists(), "no variable makes the client log the secrets of a connection");
}

/// Calls a named host over `http` with the key in the environment.
#[tokio::test]
async fn child_has_a_key_in_its_environment() {
    if !child::is_child() {
        return;
    }
    let server = ScriptedServer::responding(&Scheme::http(), "HTTP/1.1 200 OK\r\n\r\n{}").unwrap();
    let transport = HyperTransport::builder()
        .dangerously_allow_http("emulator.test")
        .resolver(|_| async { Ok(vec![Ipv4Addr::LOCALHOST.into()]) })
        .build()
        .unwrap();
    let client = Client::builder()
        .env()
        .base_url(format!("http://emulator.test:{}", server.address().port()))
        .dangerously_allow_http("emulator.test")
        .transport(transport)
        .timer(TokioTimer::default())
        .build()
        .unwrap();
    println!("ERROR {}", client.current_key().await.unwrap_err());
    println!("CONNECTIONS {}", server.connections().unwrap());
    let test_key = client.with_key(ApiKey::parse("sk-or-v1-test").unwrap());
    let _ = test_key.current_key().await;
    println!("THEN {}", server.connections().unwrap());
}

#[test]
fn key_of_the_environment_is_not_sent_over_http() {
    // C-9
    let mut command = child::isolated_command(&[], "environment::child_has_a_key_in_its_environment");
    let output = command.env("OPENROUTER_API_KEY", "sk-or-v1-real").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("ERROR the variable OPENROUTER_API_KEY may hold a real key"), "{printed}");
    assert!(printed.contains("CONNECTIONS 0\nTHEN 1\n"), "{printed}");
    assert!(!printed.contains("sk-or-v1-real"), "{printed}");
}

#[test]
fn call_without_a_runtime_returns_an_error() {
    // F51, C-27
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for operation in Operation::ALL {
        let succeed = move |peer: &mut ScriptedConnection, _| peer.respond(operation.success());
        let server = ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, succeed).unwrap();
        let client = builder().base_url(server.url("/api/v1")).build().unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut call = std::pin::pin!(operation.call(&client));
        let Poll::Ready(Err(error)) = call.as_mut().poll(&mut context) else {
            panic!("{operation:?} waits for a missing runtime");
        };
        assert_eq!(describe(&error), "NotSent");

        let lacking = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let error = lacking.block_on(operation.call(&client)).unwrap_err();
        assert_eq!(describe(&error), "NotSent");

        runtime.block_on(operation.call(&client)).unwrap();
        assert_eq!(server.requests().len(), 1);
    }
}
