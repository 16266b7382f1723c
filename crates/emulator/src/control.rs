//! `GET /` and `/emulator/…`
//!
//! Lets tests in other processes and languages control the emulator over HTTP. `index.txt` describes the endpoints.

mod faults;
pub(crate) mod keys;
mod settings;

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode,
    header::{HOST, ORIGIN},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use self::{faults::FaultRequest, settings::SettingsRequest};
use crate::{
    LogEntry,
    http::response::{self, Rejection},
    state::State,
};

/// Returns whether a web page of another origin sent the request.
///
/// A browser sends a simple POST of any page without a preflight, and only the page cannot read the response. Programs
/// other than browsers send no `Origin`.
pub(crate) fn is_from_another_origin(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    let is_own = |origin: &HeaderValue| host.is_some() && origin.as_bytes().strip_prefix(b"http://") == host;
    !headers.get_all(ORIGIN).iter().all(is_own)
}

pub(crate) fn other_origin() -> Rejection {
    Rejection::api(
        StatusCode::FORBIDDEN,
        "a web page of another origin cannot control the emulator: Origin must be http:// and the value of Host",
    )
}

pub(crate) fn index() -> Response<Bytes> {
    response::text(StatusCode::OK, include_str!("control/index.txt"))
}

/// Responds while the server accepts connections, so it needs nothing from the state.
pub(crate) fn health() -> Response<Bytes> {
    response::json(StatusCode::OK, &json!({ "status": "ok" }))
}

pub(crate) fn advance_clock(
    state: &mut State,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, Rejection> {
    let advance: AdvanceRequest = parse_body(request)?;
    let by = Some(advance.seconds).filter(|seconds| seconds.is_sign_positive());
    let by = by.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    if by.is_some_and(|by| state.clock.try_advance(by)) {
        return Ok(ok());
    }
    Err(Rejection::bad_request(
        "seconds must be a number, and not negative; the clock can be at most 36,525 days ahead of the system's",
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceRequest {
    seconds: f64,
}

pub(crate) fn read_log(state: &State) -> Response<Bytes> {
    let entries: Vec<Value> = state.log.entries().map(entry_json).collect();
    response::json(StatusCode::OK, &entries)
}

pub(crate) fn inject_fault(
    state: &mut State,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, Rejection> {
    let fault = parse_body::<FaultRequest>(request)?.into_fault().map_err(Rejection::bad_request)?;
    state.faults.push(fault);
    Ok(ok())
}

pub(crate) fn change_settings(
    state: &mut State,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, Rejection> {
    parse_body::<SettingsRequest>(request)?.apply(&mut state.settings);
    Ok(ok())
}

fn ok() -> Response<Bytes> {
    response::json(StatusCode::OK, &json!({ "ok": true }))
}

/// Parses a JSON object and ignores the content type, because people type these requests by hand.
fn parse_body<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, Rejection> {
    let body = request.body();
    // A struct could also be parsed from an array.
    serde_json::from_slice::<Map<String, Value>>(body)
        .map_err(|_| Rejection::bad_request("expected a JSON object"))?;
    serde_json::from_slice(body).map_err(|error| Rejection::bad_request(error.to_string()))
}

fn entry_json(entry: &LogEntry) -> Value {
    let headers: Map<String, Value> =
        entry.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    json!({
        "method": entry.method,
        "path": entry.path,
        "status": entry.status,
        "headers": headers,
        "body": entry.body,
    })
}
