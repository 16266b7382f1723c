//! Requests to the emulator.

use std::{cell::RefCell, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use openrouter_oauth_emulator::Emulator;
use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use super::split_line;

/// Up to four requests, apart by a line `---`; each as in HTTP: method and path, headers, an empty line, a body. Each is
/// answered, in the service's own form, and none gets a key for a code that it made up.
pub fn emulator(data: &[u8]) {
    thread_local! {
        static RUNTIME: RefCell<Runtime> = RefCell::new(Builder::new_current_thread().enable_time().build().unwrap());
    }
    let emulator = Emulator::new();
    let mut is_broken = false;
    for request in split(data).into_iter().take(4).filter_map(read) {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        // A request for a fault may break what follows; a delay ends with the time limit.
        is_broken |= path == "/emulator/faults";
        let sent = emulator.send(request, Limits::default().timeout(Some(Duration::from_micros(1))));
        match RUNTIME.with_borrow(|runtime| runtime.block_on(sent)) {
            Ok(response) if is_broken => drop(response),
            Ok(response) => check(&method, &path, &response),
            Err(error) => {
                assert!(is_broken, "{error}");
                assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::Timeout | ErrorKind::TooLarge));
            }
        }
    }
    assert!(emulator.log().len() <= 4);
}

fn check(method: &Method, path: &str, response: &Response<Bytes>) {
    let status = response.status();
    assert!([200, 303, 400, 401, 403, 404, 413].contains(&status.as_u16()), "{method} {path}: {status}");
    let content_type = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if content_type == Some(b"application/json") {
        assert!(serde_json::from_slice::<Value>(response.body()).is_ok());
    }
    assert!(str::from_utf8(response.body()).is_ok());
    if let Some(location) = response.headers().get(header::LOCATION) {
        let location = location.to_str().unwrap().to_ascii_lowercase();
        let allowed = ["https://", "http://localhost", "http://127.0.0.1"];
        assert!(allowed.iter().any(|start| location.starts_with(start)), "{location}");
        assert!(location.contains("code=") || location.contains("error="));
    }
    if path == "/api/v1/auth/keys" {
        assert_ne!(status, StatusCode::OK, "a code that nobody made has brought a key");
    }
}

/// The parts of an input between lines `---`.
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

/// None if HTTP cannot carry it.
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
