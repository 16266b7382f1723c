//! Helpers for several tests.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, Response};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, User};
use openrouter_oauth_transport::{Limits, Transport};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A request over a socket that always succeeds.
pub(crate) const HEALTH: &str = "GET /emulator/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

pub(crate) const SERVER: &str = "https://openrouter.ai";

pub(crate) async fn send(emulator: &Emulator, request: Request<impl Into<Bytes>>) -> Response<Bytes> {
    emulator.send(request.map(Into::into), Limits::default()).await.unwrap()
}

/// Writes `request` and reads until the server closes the connection.
pub(crate) async fn send_raw(addr: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    // A reset also counts as closing.
    let _ = stream.read_to_end(&mut response).await;
    String::from_utf8(response).unwrap()
}

pub(crate) fn post(path: &str, body: impl Into<String>) -> Request<String> {
    Request::post(format!("{SERVER}{path}"))
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

pub(crate) fn get(path: &str, bearer: &str) -> Request<String> {
    Request::get(format!("{SERVER}{path}"))
        .header("authorization", format!("Bearer {bearer}"))
        .body(String::new())
        .unwrap()
}

/// Returns the state of a key, or changes it, over the control interface.
pub(crate) fn control_key(method: Method, id: &str, body: impl Into<String>) -> Request<String> {
    Request::builder().method(method).uri(format!("{SERVER}/emulator/keys/{id}")).body(body.into()).unwrap()
}

/// Returns a key that the user approved.
pub(crate) async fn user_key(emulator: &Emulator) -> String {
    let code = approved_code(emulator).await;
    body(&send(emulator, exchange(&code)).await)["key"].as_str().unwrap().to_owned()
}

pub(crate) fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

pub(crate) fn status_and_message(response: &Response<Bytes>) -> (u16, String) {
    let body = body(response);
    assert_eq!(body["error"]["code"], response.status().as_u16());
    let message = body["error"]["message"].as_str().unwrap().to_owned();
    (response.status().as_u16(), message)
}

/// Returns a code that the user approved, for the RFC's challenge.
pub(crate) async fn approved_code(emulator: &Emulator) -> String {
    approved_code_with(emulator, &format!("code_challenge={CHALLENGE}&code_challenge_method=S256")).await
}

/// Returns a code that the user approved, for `https://my.app` and these parameters.
pub(crate) async fn approved_code_with(emulator: &Emulator, parameters: &str) -> String {
    let url = format!("{SERVER}/auth?{parameters}&callback_url=https://my.app");
    let outcome = User::new(emulator.clone()).approve(&url, None).await.unwrap();
    let DecisionOutcome::Redirected(callback) = outcome else {
        panic!("no redirect");
    };
    callback.strip_prefix("https://my.app?code=").unwrap().to_owned()
}

/// Checks that the label of `key` is the masked key: three digits, three dots, and four digits.
pub(crate) async fn assert_masked(emulator: &Emulator, key: &str) {
    let masked = format!("{}...{}", &key[..12], &key[key.len() - 4..]);
    let response = send(emulator, get("/api/v1/key", key)).await;
    assert_eq!(body(&response)["data"]["label"], masked);
    assert_eq!(emulator.key(key).unwrap().label, masked);
}

pub(crate) fn exchange_with(fields: &Value) -> Request<String> {
    post("/api/v1/auth/keys", fields.to_string())
}

pub(crate) fn exchange(code: &str) -> Request<String> {
    exchange_with(&json!({ "code": code, "code_verifier": VERIFIER, "code_challenge_method": "S256" }))
}
