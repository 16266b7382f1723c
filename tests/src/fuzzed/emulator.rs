//! Requests to the emulator.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use openrouter_oauth_emulator::Emulator;
use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use super::lines::split_line;

/// Checks up to four requests, separated by lines `---`. Each is formatted like HTTP: method and path, headers, an
/// empty line, a body. `{code}` and `{key}` stand for the last code and key in a response. Every request must get a
/// response in the service's own form, and a code must lead to at most one key.
pub fn emulator(data: &[u8]) {
    thread_local! {
        static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().unwrap();
    }
    let emulator = Emulator::new();
    let (mut codes, mut grants) = (Vec::new(), 0);
    let mut key = None;
    let mut is_broken = false;
    for text in split(data).into_iter().take(4) {
        let text = replace(text, b"{code}", codes.last());
        let text = replace(&text, b"{key}", key.as_ref());
        let Some(request) = read(&text) else {
            continue;
        };
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        // An injected fault can break the following requests. A delay ends with the timeout.
        is_broken |= path == "/emulator/faults";
        let sent = emulator.send(request, Limits::default().timeout(Some(Duration::from_micros(1))));
        match RUNTIME.with(|runtime| runtime.block_on(sent)) {
            Ok(response) if is_broken => drop(response),
            Ok(response) => {
                let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
                check(&method, &path, &response, &body);
                codes.extend(code_in(&response, &body));
                key = body["key"].as_str().map(str::to_owned).or(key);
                grants += usize::from(path == "/api/v1/auth/keys" && response.status() == StatusCode::OK);
                assert!(grants <= codes.len(), "a code led to two keys, or an unknown code to one");
            }
            Err(error) => {
                assert!(is_broken, "{error}");
                assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::Timeout | ErrorKind::TooLarge));
            }
        }
    }
    assert!(emulator.log().len() <= 4);
}

fn check(method: &Method, path: &str, response: &Response<Bytes>, body: &Value) {
    let status = response.status();
    assert!([200, 204, 303, 400, 401, 403, 404, 413].contains(&status.as_u16()), "{method} {path}: {status}");
    let content_type = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if content_type == Some(b"application/json") && method != Method::HEAD {
        assert!(!body.is_null());
    }
    assert!(str::from_utf8(response.body()).is_ok());
    if let Some(location) = location(response, body) {
        let location = location.to_ascii_lowercase();
        let allowed = ["https://", "http://localhost", "http://127.0.0.1"];
        assert!(allowed.iter().any(|start| location.starts_with(start)), "{location}");
        assert!(location.contains("code=") || location.contains("error="));
    }
}

/// Returns the target of a redirect, from the header or from JSON.
fn location<'a>(response: &'a Response<Bytes>, body: &'a Value) -> Option<&'a str> {
    let location = response.headers().get(header::LOCATION).map(|location| location.to_str().unwrap());
    location.or(body["redirect_to"].as_str())
}

/// Returns the code in a response: after the callback's own parameters, or in JSON.
fn code_in(response: &Response<Bytes>, body: &Value) -> Option<String> {
    let sent = location(response, body).and_then(|location| location.rsplit_once("code="));
    let sent = sent.and_then(|(_, code)| code.split('&').next());
    sent.or(body["code"].as_str()).or(body["data"]["id"].as_str()).map(str::to_owned)
}

/// Replaces `name` in `text` with `value`, if there is one.
fn replace(text: &[u8], name: &[u8], value: Option<&String>) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut rest = text;
    while let (Some(value), Some(at)) = (value, rest.windows(name.len()).position(|window| window == name)) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(value.as_bytes());
        rest = &rest[at + name.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// Splits an input at lines `---`.
fn split(data: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some(end) = rest.windows(5).position(|window| window == b"\n---\n") {
        parts.push(&rest[..end]);
        rest = &rest[end + 5..];
    }
    parts.push(rest);
    parts
}

/// Parses a request. `None` if HTTP cannot carry it.
fn read(text: &[u8]) -> Option<Request<Bytes>> {
    let (line, mut rest) = split_line(text);
    let (method, target) = str::from_utf8(line).ok()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(format!("https://openrouter.ai{target}"));
    loop {
        let (line, below) = split_line(rest);
        rest = below;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        request = request.header(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
    }
    request.body(Bytes::copy_from_slice(rest)).ok()
}
