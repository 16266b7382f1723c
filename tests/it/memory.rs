//! What is left of secrets in the memory of this process.

use std::{io::Write as _, process::Stdio};

use http::{Response, StatusCode};
use openrouter_oauth::{
    ApiKey, AuthorizationCode, Client, Entropy, Error, PendingSignIn, Pkce,
    transport::{self, BoxError, ErrorKind, WipedBuffer, from_fn, testing::ManualTimer},
};
use openrouter_oauth_login::{Prompt as _, TerminalPrompt};
use openrouter_oauth_tests::masked::Masked;
use zeroize::Zeroizing;

use crate::{child, pty::Terminal};

/// Randomness that brings about a known verifier.
#[derive(Debug)]
struct Known;

impl Entropy for Known {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        let mut step = 0_u8;
        for (byte, id) in bytes.iter_mut().zip(std::process::id().to_ne_bytes().into_iter().cycle()) {
            step = step.wrapping_add(37);
            *byte = id ^ step;
        }
        Ok(())
    }
}

/// A service that answers an exchange with this status, and repeats code and key in the body.
fn client(status: Option<u16>, code: Masked, key: Masked) -> Client {
    let answer = move |_, _| {
        let mut body = WipedBuffer::with_capacity(512);
        body.extend_from_slice(br#"{"key":""#);
        body.extend_from_slice(key.take().as_bytes());
        body.extend_from_slice(br#"","user_id":null,"error":{"code":400,"message":"No."}}"#);
        let _echo = code.take();
        let response = status.map(|status| {
            let mut response = Response::new(body.into());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        });
        std::future::ready(response.ok_or_else(|| transport::Error::from(ErrorKind::Io)))
    };
    Client::builder().transport(from_fn(answer)).timer(ManualTimer::new()).entropy(Known).build().unwrap()
}

/// A whole sign-in; what comes of it is told in a word.
async fn sign_in(status: Option<u16>, code: &Masked, key: &Masked, is_stored: bool) -> &'static str {
    let client = client(status, code.clone(), key.clone());
    let callback = openrouter_oauth::CallbackUrl::parse("https://my.app/callback").unwrap();
    let (_, mut pending) = client.authorize(callback).begin().unwrap();
    if is_stored {
        let secret = pending.into_secret_json().unwrap();
        pending = PendingSignIn::from_secret_json(secret.expose()).unwrap();
    }
    let mut target = Zeroizing::new(String::with_capacity(256));
    target.push_str("/callback/");
    target.push_str(pending.attempt_id());
    target.push_str("?code=");
    target.push_str(&code.take());
    let read: AuthorizationCode = pending.read_callback(&target).unwrap();
    assert_eq!(pending.read_pasted(&code.take()).unwrap(), read);
    match pending.exchange(&client, &read).await {
        Ok(grant) => {
            let same = ApiKey::parse(&key.take()).unwrap();
            assert_eq!(grant.key, same);
            let _kept = client.with_key(grant.key);
            "granted"
        }
        Err(Error::Api(_)) => "refused",
        Err(error) if error.is_outcome_unknown() => "unknown",
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_code_a_verifier_and_a_key() {
    // S-2: in memory that is ours, on every way out, and without an allocator that zeroes on free.
    assert_what_is_not_wiped_is_found();
    let (verifier, _) = Pkce::generate_from(&Known).unwrap().into_parts();
    let masked = Masked::of(verifier.expose());
    drop(verifier);
    for is_stored in [false, true] {
        for (status, outcome) in
            [(Some(200), "granted"), (Some(403), "refused"), (Some(500), "unknown"), (None, "unknown")]
        {
            let (code, key) = (Masked::random(), Masked::random());
            assert_eq!(sign_in(status, &code, &key, is_stored).await, outcome);
            let left = [&code, &key, &masked].map(Masked::copies);
            assert_eq!(left, [0, 0, 0], "code, key, verifier: {outcome}, stored: {is_stored}");
        }
    }
}

#[test]
fn nothing_is_left_of_a_code_that_was_pasted() {
    // S-2: by a user at a terminal, and by a script.
    let (task, code) = ("wipe what is pasted", format!("auth_code_{}", "canary-0c0de-5e3c1a".repeat(3)));
    let terminal = Terminal::new(80, 24);
    let mut child = terminal.around(&child::command(&[], task)).stdout(Stdio::piped()).spawn().unwrap();
    terminal.wait_for("Code: ");
    terminal.enter(&format!("{code}\r"));
    child::finish(child, task);

    child = child::command(&[], task).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{code}\n").as_bytes()).unwrap();
    child::finish(child, task);
}

pub(crate) async fn wipe_what_is_pasted() {
    // Looking takes memory, in which a copy could have been.
    assert_eq!(Masked::random().copies(), 0);
    let pasted = TerminalPrompt::stdin().ask(None).await.unwrap();
    let code = Masked::of(pasted.expose());
    assert!(code.copies() > 0);
    drop(pasted);
    assert_eq!(code.copies(), 0);
}

/// Not a test of its own: what reads the memory makes copies of what another has in use.
fn assert_what_is_not_wiped_is_found() {
    let (kept, freed) = (Masked::random(), Masked::random());
    assert_eq!([&kept, &freed].map(Masked::copies), [0, 0]);
    let text = kept.take();
    assert!(kept.copies() >= 1);
    drop(text);
    for _ in 0..32 {
        drop(std::hint::black_box(freed.take().to_string()));
    }
    assert!(freed.copies() >= 1);
}
