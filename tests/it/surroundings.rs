//! What surrounds the process: variables, folders, runtimes. None of it panics, and a sign-in needs little of it.

use std::{
    env,
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    process::Command,
    task::{Context, Poll, Waker},
};

use openrouter_oauth_emulator::{Outcome, Settings};
use openrouter_oauth_tests::{
    stage::Stage,
    tls::{certificate, site},
};
use openrouter_oauth_transport_contract::{RunScript, Scheme, ScriptedConnection, ScriptedServer};

use crate::support::{Operation, builder, describe};

/// Set for [`a_child_signs_in`].
const CHILD: &str = "OPENROUTER_OAUTH_TESTS_SURROUNDED";

/// Signs in over a socket, and asks a server that the system does not trust: a part of the test below, and among the
/// others nothing.
#[tokio::test]
async fn a_child_signs_in() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let stage = Stage::over_tcp(Settings::default()).await;
    let (url, mut pending) = stage.client().authorize_headless().key_label("\u{130}").begin().unwrap();
    let Outcome::Code(shown) = stage.user().approve(url.as_str(), Some(0.5)).await.unwrap() else {
        panic!("the page shows no code");
    };
    let code = pending.read_pasted(&shown).unwrap();
    let key = pending.exchange(stage.client(), &code).await.unwrap().key;
    let info = stage.client().with_key(key).current_key().await.unwrap();
    println!("SIGNED IN {:?}", info.limit);

    let server =
        ScriptedServer::responding(&site(&certificate("localhost", (2020, 2100))), "unheard").unwrap();
    let client = builder().base_url(server.url("/api/v1")).build().unwrap();
    println!("STRANGER {}", describe(&client.signing_keys().await.unwrap_err()));
}

#[test]
fn a_sign_in_does_not_mind_what_surrounds_it() {
    // F57
    let keys = tempfile::tempdir().unwrap();
    let keys = keys.path().join("keys");
    let odd = OsStr::from_bytes(b"\xff\xfe");
    // Nothing can be made in /proc.
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
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", r#"if [ "$0" = GONE ]; then d=$(mktemp -d) && cd "$d" && rmdir "$d"; else cd "$0"; fi && exec "$@""#])
            .arg(folder)
            .arg(env::current_exe().unwrap())
            .args(["--exact", "surroundings::a_child_signs_in", "--nocapture"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env(CHILD, "1")
            // Where coverage is measured, the child's is part of it.
            .envs(env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)))
            .envs(variables);
        let output = command.output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{case}: {printed}");
        assert!(printed.contains("SIGNED IN Value(0.5)\n"), "{case}: {printed}");
        assert!(printed.contains("STRANGER Tls\n"), "{case}: {printed}");
    }
    assert!(!keys.exists(), "no variable has the secrets of a connection written down");
}

#[test]
fn a_call_without_a_runtime_is_an_error_and_no_panic() {
    // F51, C-27
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for operation in Operation::ALL {
        let succeed = move |peer: &mut ScriptedConnection, _| peer.respond(operation.success());
        let server = ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, succeed).unwrap();
        let client = builder().base_url(server.url("/api/v1")).build().unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut call = std::pin::pin!(operation.call(&client));
        let Poll::Ready(Err(error)) = call.as_mut().poll(&mut context) else {
            panic!("{operation:?} waits for a runtime that is not there");
        };
        assert_eq!(describe(&error), "NotSent, retryable");

        let lacking = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let error = lacking.block_on(operation.call(&client)).unwrap_err();
        assert_eq!(describe(&error), "NotSent, retryable");

        runtime.block_on(operation.call(&client)).unwrap();
        assert_eq!(server.requests().len(), 1);
    }
}
