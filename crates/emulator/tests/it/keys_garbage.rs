//! Invalid changes of a key, and invalid IDs: 400 or 404, and nothing changes.

use std::time::Duration;

use http::{Method, Request, Uri};
use openrouter_oauth_emulator::{Emulator, KeyError, KeyState, KeyUpdate};
use openrouter_oauth_transport::{Limits, Transport};
use proptest::prelude::*;

use crate::support::{SERVER, control_key, post, send, status_and_message, user_key};

/// Bodies that are not JSON objects, for both kinds of change.
const NO_OBJECTS: [&str; 12] = [
    "",
    " ",
    "x",
    "{",
    "{}}",
    "null",
    "true",
    "1",
    "\"dollars\"",
    "[]",
    "[null,null,null,null,1]",
    "dollars=1",
];

const UPDATES: [&str; 38] = [
    "[{\"limit\":1}]",
    "{\"limit\"}",
    "{\"limit\":}",
    "{'limit':1}",
    "{limit:1}",
    "\u{feff}{\"limit\":1}",
    "{\"limit\":1,}",
    "{\"limit\":1}{\"limit\":1}",
    "{\"limit\":1,\"limit\":1}",
    "{\"limit\":1,\"other\":1}",
    "{\"limit\":1,\"\":1}",
    "{\"limit\":1,\"Label\":\"x\"}",
    "{\"limit\":1,\"usage\":0}",
    "{\"limit\":1,\"spend\":1}",
    "{\"limit\":1,\"dollars\":1}",
    "{\"limit\":1,\"hash\":\"x\"}",
    "{\"limit\":1,\"is_management_key\":true}",
    "{\"label\":\"x\",\"limit\":-1}",
    "{\"label\":\"x\",\"limit\":-0.0}",
    "{\"label\":\"x\",\"limit\":\"5\"}",
    "{\"label\":\"x\",\"limit\":1e999}",
    "{\"label\":\"x\",\"limit\":false}",
    "{\"label\":\"x\",\"limit\":[5]}",
    "{\"limit\":1,\"limit_reset\":\"yearly\"}",
    "{\"limit\":1,\"limit_reset\":\"Daily\"}",
    "{\"limit\":1,\"limit_reset\":\"\"}",
    "{\"limit\":1,\"limit_reset\":1}",
    "{\"limit\":1,\"expires_at\":\"\"}",
    "{\"limit\":1,\"expires_at\":\"tomorrow\"}",
    "{\"limit\":1,\"expires_at\":\"2027-01-01\"}",
    "{\"limit\":1,\"expires_at\":\"2027-13-01T00:00:00Z\"}",
    "{\"limit\":1,\"expires_at\":\"2027-01-01T00:00:00+01:00\"}",
    "{\"limit\":1,\"expires_at\":1798761600}",
    "{\"limit\":1,\"label\":null}",
    "{\"limit\":1,\"label\":5}",
    "{\"limit\":1,\"label\":\"a\\nb\"}",
    "{\"limit\":1,\"label\":\"\\ud800\"}",
    "{\"expires_at\":\"10000-01-01T00:00:00Z\"}",
];

const SPENDING: [&str; 21] = [
    "{}",
    "{\"dollars\"}",
    "{\"spend\":1}",
    "{\"dollars\":1}{\"dollars\":1}",
    "{\"dollars\":1,\"dollars\":1}",
    "{\"dollars\":1,\"limit\":1}",
    "{\"dollars\":1,\"\":1}",
    "{\"dollars\":null}",
    "{\"dollars\":\"1\"}",
    "{\"dollars\":true}",
    "{\"dollars\":[1]}",
    "{\"dollars\":{}}",
    "{\"dollars\":-1}",
    "{\"dollars\":-0.0}",
    "{\"dollars\":-1e-300}",
    "{\"dollars\":1e7}",
    "{\"dollars\":1e300}",
    "{\"dollars\":1e999}",
    "{\"dollars\":NaN}",
    "{\"dollars\":01}",
    "{\"dollars\":18446744073709551616}",
];

const IDS: [&str; 32] = [
    "x",
    "0",
    "-1",
    "null",
    "undefined",
    "*",
    "%",
    "%00",
    "%2e%2e",
    "..",
    ".",
    "~",
    "{id}",
    "[0]",
    "sk-or-v1-",
    "sk-or-v1-0",
    "sk-or-v1-0e6...1c96",
    "SK-OR-V1-0",
    "Bearer",
    "Bearer%20x",
    "key",
    "keys",
    "all",
    "1e9",
    "00000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "eyJhbGciOiJ4In0.e30.AA",
    "%73%6b-or-v1",
    "x;y=z",
    "x:y@z",
];

/// Checks that `request` with each of these bodies gets a 400 that shows no key, and changes nothing.
async fn assert_invalid<'a>(
    emulator: &Emulator,
    bodies: impl IntoIterator<Item = &'a str>,
    request: impl Fn(&str) -> Request<String>,
) {
    let before = emulator.keys();
    for body in bodies {
        let (status, message) = status_and_message(&send(emulator, request(body)).await);
        assert_eq!(status, 400, "{body}");
        assert!(!message.contains("sk-or-"), "{message}");
        assert_eq!(emulator.keys(), before, "{body}");
    }
}

#[tokio::test]
async fn invalid_change_changes_nothing() {
    let emulator = Emulator::new();
    let key = user_key(&emulator).await;
    emulator.update_key(&key, KeyUpdate::new().limit(5.0)).unwrap();
    emulator.spend(&key, 1.0).unwrap();
    let long = format!(r#"{{"limit":1,"label":"{}"}}"#, "x".repeat(101));
    let leaks = [
        format!(r#"{{"{key}":1}}"#),
        format!(r#"{{"limit":"{key}"}}"#),
        format!(r#"{{"limit_reset":"{key}"}}"#),
    ];
    let patch = |body: &str| control_key(Method::PATCH, &key, body);
    assert_invalid(&emulator, NO_OBJECTS.into_iter().chain(UPDATES).chain([long.as_str()]), patch).await;
    assert_invalid(&emulator, leaks.iter().map(String::as_str), patch).await;

    let leaks = [format!(r#"{{"{key}":1}}"#), format!(r#"{{"dollars":"{key}"}}"#)];
    let spend = |body: &str| post(&format!("/emulator/keys/{key}/spend"), body);
    assert_invalid(&emulator, NO_OBJECTS.into_iter().chain(SPENDING), spend).await;
    assert_invalid(&emulator, leaks.iter().map(String::as_str), spend).await;
    let large = " ".repeat(70_000);
    assert_eq!(send(&emulator, patch(&large)).await.status(), 413);
    assert_eq!(send(&emulator, spend(&large)).await.status(), 413);
}

#[tokio::test]
async fn invalid_value_in_rust_changes_nothing() {
    let emulator = Emulator::new();
    let key = user_key(&emulator).await;
    let before = emulator.keys();
    let new = || KeyUpdate::new().label("not applied").limit(1.0).expires_at(None);
    for (update, error) in [
        (new().limit(f64::NAN), KeyError::InvalidLimit),
        (new().limit(f64::INFINITY), KeyError::InvalidLimit),
        (new().limit(-0.0), KeyError::InvalidLimit),
        (new().label("x".repeat(101)), KeyError::InvalidLabel),
        (new().label("a\u{1b}b"), KeyError::InvalidLabel),
    ] {
        assert_eq!(emulator.update_key(&key, update.clone()), Err(error), "{update:?}");
        assert_eq!(emulator.keys(), before, "{update:?}");
    }
    for dollars in [f64::NAN, f64::INFINITY, -0.01, -0.0, 1_000_000.1] {
        assert_eq!(emulator.spend(&key, dollars), Err(KeyError::InvalidSpend), "{dollars}");
        assert_eq!(emulator.keys(), before, "{dollars}");
    }
    emulator.spend(&key, 1e6).unwrap();
    assert_eq!(emulator.spend(&key, 1e-9), Err(KeyError::InvalidSpend));
}

#[tokio::test]
async fn unknown_id_is_not_found() {
    let emulator = Emulator::new();
    let key = user_key(&emulator).await;
    let before = emulator.keys();
    let hash = before[0].hash.clone();
    // Nearly a key, nearly a hash, and paths below or above one.
    let near = [
        hash.to_uppercase(),
        key.to_uppercase(),
        format!("{hash}0"),
        hash[..63].to_owned(),
        format!("{key}%20"),
        format!("{hash}/"),
        format!("{hash}/x"),
        format!("{key}/x"),
        format!("/{hash}"),
        "x".repeat(8000),
        String::new(),
    ];
    for id in IDS.into_iter().chain(near.iter().map(String::as_str)) {
        for method in [Method::GET, Method::PATCH, Method::DELETE, Method::POST, Method::PUT] {
            let response = send(&emulator, control_key(method.clone(), id, r#"{"limit":1}"#)).await;
            let (status, message) = status_and_message(&response);
            assert_eq!(status, 404, "{method} {id}");
            assert!(!message.contains(&hash), "{message}");
        }
        assert_eq!(emulator.keys(), before, "{id}");
        assert!(emulator.key(id).is_none() && emulator.revoke_key(id).is_err(), "{id}");
        let spend =
            send(&emulator, control_key(Method::POST, &format!("{id}/spend"), r#"{"dollars":1}"#)).await;
        assert_eq!(spend.status(), 404, "{id}");
    }
    let log = format!("{:?}", emulator.log());
    assert!(!log.contains(&hash) && !log.contains(&key), "{log}");
}

#[tokio::test]
async fn wrong_method_changes_nothing() {
    let emulator = Emulator::new();
    let key = user_key(&emulator).await;
    let before = emulator.keys();
    for (method, path) in [
        (Method::POST, format!("/emulator/keys/{key}")),
        (Method::PATCH, format!("/emulator/keys/{key}/spend")),
        (Method::DELETE, format!("/emulator/keys/{key}/spend")),
        (Method::PUT, format!("/emulator/keys/{key}")),
        (Method::OPTIONS, format!("/emulator/keys/{key}")),
        (Method::PATCH, "/emulator/keys".to_owned()),
        (Method::DELETE, "/emulator/keys".to_owned()),
        (Method::from_bytes(b"REVOKE").unwrap(), format!("/emulator/keys/{key}")),
    ] {
        let request = Request::builder().method(method.clone()).uri(format!("{SERVER}{path}"));
        let response = send(&emulator, request.body(r#"{"limit":1}"#).unwrap()).await;
        assert_eq!(response.status(), 404, "{method} {path}");
        assert_eq!(emulator.keys(), before, "{method} {path}");
    }
}

#[tokio::test]
async fn clock_does_not_advance_beyond_its_bound() {
    let emulator = Emulator::new();
    let created_at = || {
        let key = emulator.issue_management_key();
        emulator.key(&key).unwrap().created_at
    };
    let before = created_at();
    for seconds in [
        "1e300",
        "1e999",
        "-0.0",
        "-0",
        "-1e-9",
        "-1",
        "NaN",
        "Infinity",
        "null",
        "\"1\"",
        "[1]",
        "true",
        "3155760001",
        "18446744073709551616",
    ] {
        let advance = format!(r#"{{"seconds":{seconds}}}"#);
        let response = send(&emulator, post("/emulator/advance", advance.as_str())).await;
        assert_eq!(status_and_message(&response).0, 400, "{advance}");
    }
    // Less than an hour has passed.
    let hour = Duration::from_secs(3600);
    assert!(created_at() < before + hour);
    let century = 876_600 * hour;
    assert_eq!(send(&emulator, post("/emulator/advance", r#"{"seconds":3155760000}"#)).await.status(), 200);
    assert_eq!(send(&emulator, post("/emulator/advance", r#"{"seconds":1e-9}"#)).await.status(), 400);
    emulator.advance(Duration::MAX);
    assert!((before + century..before + century + hour).contains(&created_at()));
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Random bytes, and text that is nearly valid.
fn changes() -> impl Strategy<Value = Vec<u8>> {
    let near = "\\{(\"(label|limit|limit_reset|expires_at|dollars)\":\
                (-?[0-9]{1,9}(\\.[0-9]{1,12})?(e-?[0-9]{1,3})?|null|\"(daily|20[0-9]{2}-01-01T00:00:00Z|[ -~é]{0,9})\"),?){1,3}\\}";
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), near.prop_map(String::into_bytes)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn change_is_applied_whole_or_not_at_all(changes in proptest::collection::vec(changes(), 1..8)) {
        let emulator = Emulator::new();
        let hash = emulator.key(&emulator.issue_management_key()).unwrap().hash;
        for change in changes {
            let uri = format!("{SERVER}/emulator/keys/{hash}");
            for request in [Request::patch(&uri), Request::post(format!("{uri}/spend"))] {
                let request = request.body(change.clone().into()).unwrap();
                let before = emulator.key(&hash).unwrap();
                let response = run(emulator.send(request, Limits::default())).unwrap();
                let after = emulator.key(&hash).unwrap();
                match response.status().as_u16() {
                    200 => assert_consistent(&after),
                    400 => assert_eq!(after, before),
                    other => panic!("{other}"),
                }
            }
        }
    }

    #[test]
    fn random_id_is_not_found(id in "[!-.0-~]{1,80}") {
        let emulator = Emulator::new();
        emulator.issue_management_key();
        let Ok(uri) = format!("{SERVER}/emulator/keys/{id}").parse::<Uri>() else {
            return Ok(());
        };
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let request = Request::builder().method(method).uri(uri.clone()).body("{}".into()).unwrap();
            let response = run(emulator.send(request, Limits::default())).unwrap();
            assert_eq!(response.status(), 404, "{id}");
        }
        assert_eq!(emulator.keys().len(), 1);
    }
}

#[track_caller]
fn assert_consistent(key: &KeyState) {
    assert!(key.usage >= 0.0 && key.usage <= 1e6, "{key:?}");
    assert!(key.usage_daily <= key.usage_weekly && key.usage_daily <= key.usage_monthly, "{key:?}");
    assert!(key.usage_weekly <= key.usage && key.usage_monthly <= key.usage, "{key:?}");
    assert_eq!(key.limit.is_some(), key.limit_remaining.is_some());
    assert!(
        key.limit_remaining.is_none_or(|remaining| remaining >= 0.0 && Some(remaining) <= key.limit),
        "{key:?}"
    );
    assert!(key.label.chars().count() <= 100);
}
