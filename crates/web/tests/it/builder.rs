//! Tests of the settings.

use std::time::Duration;

use openrouter_oauth::{Client, transport::from_fn};
use openrouter_oauth_web::{CookieKeys, OneProcessClaims, SignIn, SignInBuilder, VaultKeys};

use crate::support::{APP, KEY, TokioTimer, key};

fn client() -> Client {
    let unused = from_fn(|_, _| async { Err(openrouter_oauth::transport::ErrorKind::Io.into()) });
    Client::builder().transport(unused).timer(TokioTimer::new()).build().unwrap()
}

fn builder(origin: &str, keys: CookieKeys) -> SignInBuilder {
    SignIn::builder(client(), origin, keys, OneProcessClaims::new(9))
}

#[tokio::test]
async fn every_problem_is_reported() {
    let keys = CookieKeys::new([7; 32]).open_with([7; 32]);
    let error = builder("http://my.app", keys)
        .mount("openrouter/")
        .key_label("")
        .limit(-1)
        .lifetime(Duration::ZERO)
        .max_exchanges(0)
        .build()
        .unwrap_err();
    assert_eq!(error.problems().len(), 8, "{error}");
    let text = error.to_string();
    for what in
        ["one repeated byte", "must differ", "mount", "lifetime", "key label", "limit", "origin", "exchanges"]
    {
        assert!(text.contains(what), "{what}: {text}");
    }
}

#[tokio::test]
async fn origin_is_https_or_loopback() {
    for good in [APP, "https://my.app:8443", "http://localhost:3000", "http://127.0.0.1"] {
        builder(good, CookieKeys::new(KEY)).build().unwrap();
    }
    for bad in [
        "",
        "my.app",
        "http://my.app",
        "ftp://my.app",
        "https://my.app/path",
        "https://user@my.app",
        "https://a b",
    ] {
        assert!(builder(bad, CookieKeys::new(KEY)).build().is_err(), "{bad}");
    }
}

#[tokio::test]
async fn mount_is_a_plain_path() {
    for good in ["/a", "/a/b-c.d_e~f", &format!("/{}", "a".repeat(127))] {
        assert_eq!(builder(APP, CookieKeys::new(KEY)).mount(good).build().unwrap().mount(), good);
    }
    for bad in [
        "",
        "/",
        "a",
        "/a/",
        "//a",
        "/a//b",
        "/../a",
        "/.",
        "/a?b",
        "/a#b",
        "/a b",
        "/é",
        "/a\r\n",
        "/a;b",
        "/%41",
        &format!("/{}", "a".repeat(128)),
    ] {
        assert!(builder(APP, CookieKeys::new(KEY)).mount(bad).build().is_err(), "{bad:?}");
    }
}

#[tokio::test]
async fn client_needs_a_timer() {
    let unused = from_fn(|_, _| async { Err(openrouter_oauth::transport::ErrorKind::Io.into()) });
    let client = Client::builder().transport(unused).without_deadline().build().unwrap();
    let error =
        SignIn::builder(client, APP, CookieKeys::new(KEY), OneProcessClaims::new(9)).build().unwrap_err();
    assert!(error.to_string().contains("timer"), "{error}");
}

#[test]
fn keys_are_64_hexadecimal_digits() {
    let hex = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    for good in [hex.to_owned(), format!(" {hex} , {}", hex.replace('0', "1"))] {
        CookieKeys::parse(&good).unwrap();
        VaultKeys::parse(&good).unwrap();
    }
    for bad in [
        "",
        ",",
        &hex[1..],
        &format!("{hex}0"),
        &format!("{hex},"),
        &hex.replace('a', "g"),
        &hex.replace("aa", "+a"),
        &"00".repeat(32),
        &format!("{hex},{}", "7f".repeat(32)),
        &format!("{hex},{}", hex.to_lowercase()),
    ] {
        assert!(VaultKeys::parse(bad).is_err(), "{bad}");
        let error = CookieKeys::parse(bad).unwrap_err();
        assert!(!error.to_string().contains("001122"), "{error}");
    }
    let shown = format!("{:?} {:?}", CookieKeys::parse(hex).unwrap().open_with(key(3)), VaultKeys::new(KEY));
    assert_eq!(shown, "CookieKeys(2 key(s), [redacted]) VaultKeys(1 key(s), [redacted])");
}
