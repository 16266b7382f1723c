//! Which secrets are left in the memory of this process.

use std::{io::Write as _, process::Stdio};

use http::{Response, StatusCode};
use openrouter_oauth::{
    ApiKey, AuthorizationCode, Client, Entropy, Error, PendingSignIn, Pkce,
    transport::{self, BoxError, ErrorKind, WipedBuffer, from_fn, testing::ManualTimer},
};
use openrouter_oauth_login::{Prompt as _, TerminalPrompt};
use openrouter_oauth_tests::masked::MaskedSecret;
use zeroize::Zeroizing;

use crate::{child, pty::Terminal};

/// Random bytes that always lead to the same verifier.
#[derive(Debug)]
struct FixedEntropy;

impl Entropy for FixedEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        let mut step = 0_u8;
        for (byte, id) in bytes.iter_mut().zip(std::process::id().to_ne_bytes().into_iter().cycle()) {
            step = step.wrapping_add(37);
            *byte = id ^ step;
        }
        Ok(())
    }
}

/// A client whose service responds to an exchange with this status. The body contains the key.
fn client(status: Option<u16>, code: MaskedSecret, key: MaskedSecret) -> Client {
    let respond = move |_, _| {
        let mut body = WipedBuffer::with_capacity(512);
        body.extend_from_slice(br#"{"key":""#);
        body.extend_from_slice(key.unmask().as_bytes());
        body.extend_from_slice(br#"","user_id":null,"error":{"code":400,"message":"No."}}"#);
        let _echo = code.unmask();
        let response = status.map(|status| {
            let mut response = Response::new(body.into());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        });
        std::future::ready(response.ok_or_else(|| transport::Error::from(ErrorKind::Io)))
    };
    Client::builder()
        .transport(from_fn(respond))
        .timer(ManualTimer::new())
        .entropy(FixedEntropy)
        .build()
        .unwrap()
}

/// The outcome of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Success,
    Rejected,
    Unknown,
}

/// Runs a whole sign-in, and returns its outcome.
async fn sign_in(status: Option<u16>, code: &MaskedSecret, key: &MaskedSecret, is_stored: bool) -> Outcome {
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
    target.push_str(&code.unmask());
    let read: AuthorizationCode = pending.read_callback(&target).unwrap();
    assert_eq!(pending.read_pasted(&code.unmask()).unwrap(), read);
    match pending.exchange(&client, &read).await {
        Ok(grant) => {
            let same = ApiKey::parse(&key.unmask()).unwrap();
            assert_eq!(grant.key, same);
            let _kept = client.with_key(grant.key);
            Outcome::Success
        }
        Err(Error::Api(_)) => Outcome::Rejected,
        Err(error) if error.is_outcome_unknown() => Outcome::Unknown,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn sign_in_leaves_no_secret_in_memory() {
    // S-2: in our own memory, after every outcome, and without an allocator that zeroes freed blocks.
    assert_unwiped_secrets_are_found();
    let (verifier, _) = Pkce::generate_from(&FixedEntropy).unwrap().into_parts();
    let masked = MaskedSecret::new(verifier.expose());
    drop(verifier);
    for is_stored in [false, true] {
        for (status, outcome) in [
            (Some(200), Outcome::Success),
            (Some(403), Outcome::Rejected),
            (Some(500), Outcome::Unknown),
            (None, Outcome::Unknown),
        ] {
            let (code, key) = (MaskedSecret::random(), MaskedSecret::random());
            assert_eq!(sign_in(status, &code, &key, is_stored).await, outcome);
            let left = [&code, &key, &masked].map(MaskedSecret::copies);
            assert_eq!(left, [0, 0, 0], "code, key, verifier: {outcome:?}, stored: {is_stored}");
        }
    }
}

#[test]
fn prompt_leaves_no_pasted_code_in_memory() {
    // S-2: pasted by a user at a terminal, and by a script.
    let test = "memory::child_wipes_the_pasted_code";
    let code = format!("auth_code_{}", "canary-0c0de-5e3c1a".repeat(3));
    let terminal = Terminal::new(80, 24);
    let mut child = terminal.around(&child::command(&[], test)).stdout(Stdio::piped()).spawn().unwrap();
    terminal.wait_for("Code: ");
    terminal.enter(&format!("{code}\r"));
    child::finish(child);

    child = child::command(&[], test).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{code}\n").as_bytes()).unwrap();
    child::finish(child);
}

#[tokio::test]
async fn child_wipes_the_pasted_code() {
    if !child::is_child() {
        return;
    }
    // The first search allocates memory, which could otherwise overwrite a copy.
    assert_eq!(MaskedSecret::random().copies(), 0);
    let pasted = TerminalPrompt::stdin().ask(None).await.unwrap();
    let code = MaskedSecret::new(pasted.expose());
    assert!(code.copies() > 0);
    drop(pasted);
    assert_eq!(code.copies(), 0);
}

/// Not a separate test: a search of the memory copies secrets that another test uses.
fn assert_unwiped_secrets_are_found() {
    let (kept, freed) = (MaskedSecret::random(), MaskedSecret::random());
    assert_eq!([&kept, &freed].map(MaskedSecret::copies), [0, 0]);
    let text = kept.unmask();
    assert!(kept.copies() >= 1);
    drop(text);
    for _ in 0..32 {
        drop(std::hint::black_box(freed.unmask().to_string()));
    }
    assert!(freed.copies() >= 1);
}
