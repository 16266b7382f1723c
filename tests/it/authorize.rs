//! The authorize URL and its random values.

use std::collections::{HashMap, HashSet};

use openrouter_oauth::{
    AnySignIn, AuthorizeUrl, CallbackUrl, Client, Entropy, Error, KeyLabel, PendingSignIn, Pkce,
    models::CodeVerifier,
};
use openrouter_oauth_tests::{base64url, query};
use openrouter_oauth_transport::{
    BoxError,
    testing::{Capture, ManualTimer, Never},
};
use proptest::prelude::*;
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};

use crate::support::{CHALLENGE, GRANT, VERIFIER, describe};

const CALLBACK: &str = "https://my.app/callback";

fn client() -> Client {
    Client::builder().transport(Never::new()).timer(ManualTimer::new()).build().unwrap()
}

fn begin(client: &Client) -> (AuthorizeUrl, PendingSignIn) {
    client.authorize(CallbackUrl::parse(CALLBACK).unwrap()).begin().unwrap()
}

/// BASE64URL(SHA256(verifier)), by independent implementations of both.
fn challenge_of(verifier: &str) -> String {
    base64url::encode(digest(&SHA256, verifier.as_bytes()).as_ref())
}

#[test]
fn verifier_is_random_at_every_position() {
    // C-1, with a tenth of its million draws: a million takes twenty seconds unoptimized.
    const DRAWS: u32 = 100_000;
    let mut seen = HashSet::new();
    let mut counts = vec![HashMap::<u8, u32>::new(); 43];
    for _ in 0..DRAWS {
        let (verifier, _) = Pkce::generate().unwrap().into_parts();
        let text = verifier.expose().as_bytes();
        assert_eq!(text.len(), 43);
        for (counts, &byte) in counts.iter_mut().zip(text) {
            assert!(byte.is_ascii_alphanumeric() || b"-_".contains(&byte), "{byte:#x}");
            *counts.entry(byte).or_default() += 1;
        }
        assert!(seen.insert(verifier.expose().to_owned()), "a verifier is repeated");
    }
    for (place, counts) in counts.iter().enumerate() {
        // 256 bits are 42 symbols of six bits and one symbol of four.
        let (symbols, limit) = if place < 42 { (64, 160.0) } else { (16, 76.0) };
        assert_eq!(counts.len(), symbols, "at position {place}");
        let expected = f64::from(DRAWS) / f64::from(u32::try_from(symbols).unwrap());
        let distances = counts.values().map(|&count| (f64::from(count) - expected).powi(2) / expected);
        // Chance exceeds either limit less than once in 10^9 runs.
        let chi_square: f64 = distances.sum();
        assert!(chi_square < limit, "{chi_square} at position {place}");
    }
}

#[test]
fn sign_in_does_not_begin_without_randomness() {
    // F57, C-1
    #[derive(Debug)]
    struct FailingEntropy;

    impl Entropy for FailingEntropy {
        fn fill(&self, _bytes: &mut [u8]) -> Result<(), BoxError> {
            Err("the well is dry".into())
        }
    }

    let client = Client::builder().transport(Never::new()).timer(ManualTimer::new()).entropy(FailingEntropy);
    let client = client.build().unwrap();
    let error = client.authorize_headless().begin().unwrap_err();
    assert_eq!(describe(&error), "Randomness");
    let error = client.authorize(CallbackUrl::parse(CALLBACK).unwrap()).begin().unwrap_err();
    assert_eq!(describe(&error), "Randomness");
}

#[test]
fn challenge_is_the_sha_256_of_its_verifier() {
    // C-2
    let of = |verifier: &str| {
        Pkce::from_verifier(CodeVerifier::parse(verifier).unwrap()).challenge().as_str().to_owned()
    };
    assert_eq!(of(VERIFIER), CHALLENGE);
    let random = SystemRandom::new();
    let unreserved: Vec<u8> =
        (0..=u8::MAX).filter(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(byte)).collect();
    for length in (43..=128).cycle().take(86 * 50) {
        let mut bytes = vec![0; length];
        random.fill(&mut bytes).unwrap();
        let letters = bytes.iter().map(|&byte| char::from(unreserved[usize::from(byte) % unreserved.len()]));
        let verifier: String = letters.collect();
        assert_eq!(of(&verifier), challenge_of(&verifier), "{verifier}");
    }
}

#[test]
fn authorize_url_never_asks_for_plain() {
    // C-4
    let client = client();
    for number in 0..10_000_u32 {
        let (label, limit) = (format!("label {number}"), f64::from(number));
        let url = match number % 4 {
            0 => client.authorize_headless().begin().unwrap().0,
            1 => client.authorize_headless().key_label(label).limit(limit).begin().unwrap().0,
            2 => client.authorize(format!("{CALLBACK}/{number}")).begin().unwrap().0,
            _ => client.authorize(CALLBACK).key_label(label).limit(limit).begin().unwrap().0,
        };
        let (path, query) = url.as_str().split_once('?').unwrap();
        assert_eq!(path, "https://openrouter.ai/auth");
        // Only whole values: a random value may contain the word.
        assert!(query.split('&').all(|pair| !pair.ends_with("=plain")), "{url}");
        assert_eq!(query::parameter(query, "code_challenge_method"), "S256");
        assert_eq!(query::parameter(query, "code_challenge").len(), 43);
    }
}

#[test]
fn invalid_callback_is_reported_by_begin() {
    let error = client().authorize("ftp://my.app").key_label("").begin().unwrap_err();
    assert!(matches!(error, Error::Invalid(invalid) if invalid.what() == "callback URL"), "{error}");
}

#[test]
fn every_sign_in_has_its_own_random_values() {
    // C-5
    let client = client();
    let mut seen = HashSet::new();
    for _ in 0..1_000 {
        let (url, pending) = begin(&client);
        for value in [
            query::parameter(url.as_str(), "code_challenge"),
            query::parameter(url.as_str(), "state"),
            pending.attempt_id().to_owned(),
        ] {
            assert!(base64url::decode(&value).len() >= 16, "128 bits at least: {value}");
            assert!(seen.insert(value), "a value is repeated");
        }
        // Even after a failed sign-in.
        pending.read_callback("/").unwrap_err();
        client.authorize_headless().key_label("").begin().unwrap_err();
    }
}

#[tokio::test]
async fn both_steps_name_the_same_challenge_method() {
    // C-6
    let capture = Capture::new(http::Response::new(GRANT.into()));
    let client = Client::builder().transport(capture.clone()).timer(ManualTimer::new()).build().unwrap();
    for number in 0..100 {
        let (url, mut pending) = if number % 2 == 0 {
            let (url, pending) = begin(&client);
            (url, AnySignIn::from(pending))
        } else {
            let (url, headless) = client.authorize_headless().begin().unwrap();
            (url, headless.into())
        };
        let code = pending.read_pasted("c0de").unwrap();
        pending.exchange(&client, &code).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(capture.expect_request().body()).unwrap();
        let verifier = body["code_verifier"].as_str().unwrap();
        assert_eq!(query::parameter(url.as_str(), "code_challenge"), challenge_of(verifier));
        assert_eq!(body["code_challenge_method"], query::parameter(url.as_str(), "code_challenge_method"));
    }
}

#[test]
fn authorize_url_lists_pkce_parameters_first() {
    // A shell that cuts a URL at its first `&` must not silently lose the challenge.
    let authorize = client().authorize(CallbackUrl::parse(CALLBACK).unwrap());
    let (url, pending) = authorize
        .required_workspace_id("0b4cbd62-5b2a-4c6e-9d0a-6a2f4f9b3f12")
        .workspace_id("0b4cbd62-5b2a-4c6e-9d0a-6a2f4f9b3f11")
        .limit(0.5)
        .key_label("My app")
        .begin()
        .unwrap();
    let parameters = query::parameters(url.as_str());
    let names: Vec<_> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "code_challenge",
            "code_challenge_method",
            "callback_url",
            "state",
            "key_label",
            "limit",
            "workspace_id",
            "required_workspace_id",
        ]
    );
    let callback = format!("{CALLBACK}/{}", pending.attempt_id());
    assert_eq!(parameters[2].1, callback);
    let rest = parameters[4..].iter().map(|(_, value)| value.as_str());
    assert!(rest.eq([
        "My app",
        "0.5",
        "0b4cbd62-5b2a-4c6e-9d0a-6a2f4f9b3f11",
        "0b4cbd62-5b2a-4c6e-9d0a-6a2f4f9b3f12"
    ]));
}

#[test]
fn headless_url_has_no_callback_and_no_state() {
    // P-1
    let (url, _pending) = client().authorize_headless().begin().unwrap();
    let names: Vec<_> = query::parameters(url.as_str()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["code_challenge", "code_challenge_method"]);
}

#[test]
fn authorize_url_has_the_origin_of_the_service() {
    // C-7
    for (base_url, page) in [
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/auth?"),
        ("https://EU.openrouter.ai:443/", "https://eu.openrouter.ai/auth?"),
        ("http://127.0.0.1:8080/api/v1", "http://127.0.0.1:8080/auth?"),
    ] {
        let builder = Client::builder().transport(Never::new()).timer(ManualTimer::new());
        let (url, _pending) = begin(&builder.base_url(base_url).build().unwrap());
        assert!(url.as_str().starts_with(page), "{url}");
    }
}

#[test]
fn callback_with_response_parameters_is_invalid() {
    for name in ["code", "state", "error", "error_description", "c%6fde"] {
        let callback = CallbackUrl::parse(&format!("{CALLBACK}?a=1&{name}=x")).unwrap();
        let error = client().authorize(callback).begin().unwrap_err();
        assert_eq!(describe(&error), "Invalid(callback URL)", "{name}");
    }
}

#[test]
fn callback_too_long_for_the_attempt_id_is_invalid() {
    let of =
        |length: usize| CallbackUrl::parse(&format!("{CALLBACK}/{:x<1$}", "", length - CALLBACK.len() - 1));
    assert!(client().authorize(of(2_048 - 23).unwrap()).begin().is_ok());
    let error = client().authorize(of(2_048).unwrap()).begin().unwrap_err();
    assert_eq!(describe(&error), "Invalid(callback URL)");
}

/// Text that breaks a query if it is not escaped.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("&callback_url=https://evil".to_owned()),
        Just("#".to_owned()),
        Just("%00%0d%0a".to_owned()),
        Just("+ \"<>\\^`{|}'".to_owned()),
        Just("\u{1f511}\u{202e}\u{200f}\u{feff}".to_owned()),
        Just("=&;?/:@".to_owned()),
        "\\PC{0,8}",
    ];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

/// A callback URL whose path and query use every character that a URL may contain.
fn callbacks() -> impl Strategy<Value = String> {
    let origin = prop_oneof![
        Just("https://my.app"),
        Just("https://xn--bcher-kva.example:8443"),
        Just("http://127.0.0.1:1"),
        Just("http://localhost:65535"),
        Just("https://[2001:db8::1]"),
    ];
    let path = "(/[a-zA-Z0-9._~!$'()*,;:@&=+-]{0,6}(%[0-9A-F]{2})?){0,3}";
    let query = "(\\?[a-z]{1,5}=[a-zA-Z0-9._~!$'()*,;:@/?&=+-]{0,12}(%[0-9A-F]{2})?)?";
    let url = (origin, path, query).prop_map(|(origin, path, query)| format!("{origin}{path}{query}"));
    url.prop_filter("a valid callback", |url| CallbackUrl::parse(url).is_ok())
}

proptest! {
    #[test]
    fn authorize_url_preserves_label_and_callback(label in hostile(), callback in callbacks()) {
        // C-7
        prop_assume!(KeyLabel::parse(&label).is_ok());
        let reserved = ["code", "state", "error", "error_description"];
        prop_assume!(!query::parameters(callback.split_once('?').map_or("", |(_, query)| query))
            .iter()
            .any(|(name, _)| reserved.contains(&name.as_str())));

        let authorize = client().authorize(CallbackUrl::parse(&callback).unwrap());
        let (url, pending) = authorize.key_label(label.as_str()).begin().unwrap();
        prop_assert!(url.as_str().starts_with("https://openrouter.ai/auth?code_challenge="));
        prop_assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic() && !b"#\"<>\\".contains(&byte)));
        let names: Vec<_> = query::parameters(url.as_str()).into_iter().map(|(name, _)| name).collect();
        prop_assert_eq!(names, ["code_challenge", "code_challenge_method", "callback_url", "state", "key_label"]);
        prop_assert_eq!(query::parameter(url.as_str(), "key_label"), label);

        // The callback's own path and query surround the attempt ID.
        let sent = query::parameter(url.as_str(), "callback_url");
        prop_assert_eq!(&sent, pending.callback_url().as_str());
        let (path, query) = callback.split_once('?').unwrap_or((&callback, ""));
        let (sent_path, sent_query) = sent.split_once('?').unwrap_or((&sent, ""));
        prop_assert_eq!(sent_query, query);
        let attempt_id = pending.attempt_id();
        prop_assert_eq!(sent_path, format!("{}/{attempt_id}", path.trim_end_matches('/')));
    }
}
