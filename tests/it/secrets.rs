//! Secrets leave only through `expose()`.

// S-1

use http::Response;
use openrouter_oauth::{
    Attribution, CallbackUrl, Client, ExchangeAuthCode, KeyLinks, PendingSecret, PendingSignIn, Pkce,
    models::CodeVerifier,
};
use openrouter_oauth_tests::{
    canary::{self, assert_debug_hides, assert_hidden},
    query,
};
use openrouter_oauth_transport::testing::{Capture, ManualTimer, Never};

use crate::support::{self, builder, code, exchange, key, response, token};

/// Fails to compile if the type implements the trait, because then both impls apply and the call is ambiguous.
macro_rules! assert_not_impl {
    ($type:ty: $($trait:path),+) => {$(
        const _: fn() = || {
            struct Present;
            trait Ambiguous<T> {
                fn check() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $trait> Ambiguous<Present> for T {}
            <$type as Ambiguous<_>>::check();
        };
    )+};
}

// These types can be printed, copied or stored only explicitly.
assert_not_impl!(PendingSignIn: std::fmt::Display, serde::Serialize, Clone);
assert_not_impl!(openrouter_oauth::HeadlessSignIn: std::fmt::Display, serde::Serialize, Clone);
assert_not_impl!(openrouter_oauth::AnySignIn: std::fmt::Display, serde::Serialize, Clone);
assert_not_impl!(PendingSecret: std::fmt::Display, serde::Serialize, Clone, std::ops::Deref, AsRef<str>, PartialEq);
assert_not_impl!(Pkce: std::fmt::Display, serde::Serialize, Clone);
assert_not_impl!(CodeVerifier: std::fmt::Display, serde::Serialize, Clone, std::ops::Deref);
assert_not_impl!(KeyLinks: std::fmt::Display);
assert_not_impl!(ExchangeAuthCode: std::fmt::Display, Clone);

fn client() -> Client {
    builder().transport(Never::new()).timer(ManualTimer::new()).build().unwrap()
}

#[test]
fn debug_output_hides_secrets() {
    // S-1
    let secrets = &canary::ALL;
    assert_debug_hides(&builder(), secrets);
    assert_debug_hides(&client(), secrets);
    assert_debug_hides(&client().with_key(key()), secrets);
    assert_debug_hides(&Client::builder().api_key_source(|| async { Ok(key()) }), secrets);
    assert_debug_hides(&client().exchange_auth_code(exchange()), secrets);
    assert_debug_hides(&client().exchange_token(token()).header("x-trace", canary::BODY), secrets);
    assert_debug_hides(&client().current_key(), secrets);
    assert_debug_hides(&exchange(), secrets);
    assert_debug_hides(&token(), secrets);
    let verifier = CodeVerifier::parse(canary::VERIFIER).unwrap();
    assert_debug_hides(&Pkce::from_verifier(verifier), secrets);
}

#[test]
fn debug_output_of_a_sign_in_hides_its_random_values() {
    // S-1: the URL is only for the user, so `Display` shows it and `Debug` does not.
    let authorize = client().authorize(CallbackUrl::parse("https://my.app/callback").unwrap());
    assert_debug_hides(&authorize, &canary::ALL);
    let (url, pending) = authorize.begin().unwrap();
    let state = query::parameter(url.as_str(), "state");
    let challenge = query::parameter(url.as_str(), "code_challenge");
    let attempt_id = pending.attempt_id().to_owned();
    let public = [state.as_str(), &challenge, &attempt_id];
    assert_debug_hides(&url, &public);
    assert_debug_hides(&pending, &public);
    assert_eq!(url.to_string(), url.as_str());

    let stored = pending.into_secret_json().unwrap();
    let json: serde_json::Value = serde_json::from_str(stored.expose()).unwrap();
    let verifier = json["code_verifier"].as_str().unwrap();
    assert_debug_hides(&stored, &[&public[..], &[verifier]].concat());
    let restored = PendingSignIn::from_secret_json(stored.expose()).unwrap();
    assert_debug_hides(&restored, &[&public[..], &[verifier]].concat());
    assert!(!url.as_str().contains(verifier));
}

#[test]
fn key_links_do_not_contain_the_key() {
    // S-9
    let links = KeyLinks::new(&key());
    assert_hidden(links.settings(), &[canary::KEY]);
    let hash = links.settings().rsplit('/').next().unwrap();
    assert_debug_hides(&links, &[canary::KEY, hash]);
}

#[tokio::test]
async fn debug_output_of_a_response_hides_the_key() {
    // S-1
    let body = format!(r#"{{"key":"{}","user_id":"user_1"}}"#, canary::KEY);
    let capture = Capture::new(response(200, &[("set-cookie", canary::BODY)], body));
    let granted = support::client(capture).exchange_auth_code(exchange()).send_with_response().await.unwrap();
    assert_debug_hides(&granted, &canary::ALL);
    assert_debug_hides(granted.value(), &canary::ALL);
    assert_eq!(granted.value().key.expose(), canary::KEY);
}

#[test]
fn authorization_header_is_marked_sensitive() {
    // C-16: the `Debug` output of a request then contains `Sensitive` instead.
    let capture = Capture::new(Response::new(r#"{"data":{}}"#.into()));
    let client = builder().transport(capture.clone()).timer(ManualTimer::new()).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(client.current_key().into_future()).unwrap();
    let request = capture.expect_request();
    assert!(request.headers()["authorization"].is_sensitive());
    assert_debug_hides(&request, &[canary::KEY]);
    let attribution = Attribution::new("https://my.app");
    assert_debug_hides(&attribution, &canary::ALL);
    assert_eq!(code().expose(), canary::CODE);
}
