//! `GET /` and `/emulator/…`
//!
//! What tests of other people, in other processes and languages, need over HTTP; `index.txt` describes it.

mod faults;
mod settings;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use self::{faults::FaultOrder, settings::SettingsOrder};
use crate::{
    LogEntry,
    http::response::{self, Refusal},
    state::State,
};

pub(crate) fn index() -> Response<Bytes> {
    response::text(StatusCode::OK, include_str!("control/index.txt"))
}

pub(crate) fn issue_key(state: &mut State) -> Response<Bytes> {
    let key = state.issue_management_key();
    response::json(StatusCode::OK, &json!({ "key": key }))
}

pub(crate) fn advance(state: &mut State, request: &Request<Bytes>) -> Result<Response<Bytes>, Refusal> {
    let order: AdvanceOrder = read(request)?;
    let by = Duration::try_from_secs_f64(order.seconds)
        .map_err(|_| Refusal::bad_request("seconds must be a number, not below zero"))?;
    state.clock.advance(by);
    Ok(done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceOrder {
    seconds: f64,
}

pub(crate) fn log(state: &State) -> Response<Bytes> {
    let entries: Vec<Value> = state.log.entries().map(show).collect();
    response::json(StatusCode::OK, &entries)
}

pub(crate) fn inject(state: &mut State, request: &Request<Bytes>) -> Result<Response<Bytes>, Refusal> {
    let fault = read::<FaultOrder>(request)?.into_fault().map_err(Refusal::bad_request)?;
    state.faults.push(fault);
    Ok(done())
}

pub(crate) fn change_settings(
    state: &mut State,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, Refusal> {
    read::<SettingsOrder>(request)?.apply(&mut state.settings);
    Ok(done())
}

fn done() -> Response<Bytes> {
    response::json(StatusCode::OK, &json!({ "ok": true }))
}

/// Reads a JSON object, whatever its content type: these requests are typed by hand.
fn read<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, Refusal> {
    let body = request.body();
    // A struct would be read from an array as well.
    serde_json::from_slice::<Map<String, Value>>(body)
        .map_err(|_| Refusal::bad_request("a JSON object is expected"))?;
    serde_json::from_slice(body).map_err(|error| Refusal::bad_request(error.to_string()))
}

fn show(entry: &LogEntry) -> Value {
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
