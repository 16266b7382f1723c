//! Tests of the error of a spent sign-in.

use openrouter_oauth::{
    AuthorizationCode, Client, Error,
    transport::{
        ErrorKind,
        testing::{ManualTimer, Never},
    },
};

use crate::support::{GRANT, fault, respond, scripted};

/// Begins a sign-in with `client`, and exchanges its code twice. Drops the first exchange if it does not end at once.
/// Returns the error of the second.
async fn exchange_twice(client: Client) -> Error {
    let (_, mut pending) = client.authorize_headless().begin().unwrap();
    let code = AuthorizationCode::parse("auth_code_abc123").unwrap();
    tokio::select! {
        biased;
        _ended = pending.exchange(&client, &code) => {}
        () = std::future::ready(()) => {}
    }
    assert!(!pending.is_fresh());
    pending.exchange(&client, &code).await.unwrap_err()
}

#[tokio::test]
async fn error_of_a_spent_sign_in_names_the_reason() {
    let responding = |step| scripted([step]).1.build().unwrap();
    let silent = Client::builder().transport(Never::new()).timer(ManualTimer::new()).build().unwrap();
    for (client, why) in [
        (responding(respond(200, GRANT)), "its code was exchanged"),
        (responding(fault(ErrorKind::Io)), "an exchange ended without a known outcome"),
        (silent, "an exchange was dropped while it ran"),
    ] {
        let error = exchange_twice(client).await;
        assert_eq!(error.to_string(), format!("this sign-in cannot be used again: {why}"));
        assert!(!error.may_have_been_sent() && !error.is_retryable(), "{error}");
    }
}
