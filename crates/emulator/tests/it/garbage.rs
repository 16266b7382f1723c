//! Arbitrary requests get a response and never cause a panic.

use bytes::Bytes;
use http::{Method, Request};
use openrouter_oauth_emulator::Emulator;
use openrouter_oauth_transport::{Limits, Transport};
use proptest::prelude::*;

use crate::support::SERVER;

const PATHS: [&str; 18] = [
    "/",
    "/auth",
    "/api/v1/auth/keys",
    "/api/v1/auth/keys/code",
    "/api/v1/key",
    "/api/v1/auth/key",
    "/api/v1/oauth/token",
    "/api/v1/oauth/jwks",
    "/emulator/faults",
    "/emulator/settings",
    "/emulator/advance",
    "/emulator/log",
    "/emulator/keys",
    "/emulator/keys/",
    "/emulator/keys/sk-or-v1-0",
    "/emulator/keys/sk-or-v1-0/spend",
    "/emulator/health",
    "/favicon.ico",
];

/// Random bytes, and text that is nearly valid.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let near = "(\\{\"(code|limit|callback_url|status|seconds|expires_at|dollars|delay_ms|gateway|timing|spawn_agent\
                 |decision)\":(1e9+|null|\"[ -~é]{0,40}\"|\\[\\])\\})\
                |((code_challenge|callback_url|limit|state|grant_type|subject_token|decision)=[ -~é]{0,40}&?){0,4}";
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), near.prop_map(String::into_bytes),]
}

/// Queries that a request line can have.
fn queries() -> impl Strategy<Value = String> {
    "((code_challenge|callback_url|limit|state|key_label|x)=([a-zA-Z0-9:/?@!$'()*+,;._~-]|%[0-9A-F]{2}){0,40}&?){0,5}"
}

fn run(future: impl Future) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_gets_a_response(
        path in proptest::sample::select(&PATHS[..]),
        method in proptest::sample::select(&[
            Method::GET, Method::HEAD, Method::OPTIONS, Method::POST, Method::PUT, Method::PATCH, Method::DELETE,
        ][..]),
        content_type in proptest::sample::select(
            &["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary", ""][..],
        ),
        accept in proptest::sample::select(&["application/json", "text/html", "*/*;q=0.8", ",;q="][..]),
        bearer in "[ -~]{0,20}",
        query in queries(),
        body in bodies(),
    ) {
        let emulator = Emulator::new();
        let request = Request::builder()
            .method(method)
            .uri(format!("{SERVER}{path}?{query}"))
            .header("content-type", content_type)
            .header("accept", accept)
            .header("authorization", bearer)
            .body(Bytes::from(body))
            .unwrap();
        run(async {
            let response = emulator.send(request, Limits::default()).await.unwrap();
            let status = response.status().as_u16();
            assert!([200, 204, 303, 400, 401, 404].contains(&status), "{status}");
        });
    }
}
