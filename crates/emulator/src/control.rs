//! `GET /` and `/emulator/…`
//!
//! What tests of other people, in other processes and languages, need over HTTP; `index.txt` describes it.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::{
    Fault, LogEntry,
    grant::Grant,
    reply::{self, Refusal},
    service::State,
};

pub(crate) fn index() -> Response<Bytes> {
    reply::text(StatusCode::OK, include_str!("index.txt"))
}

pub(crate) fn issue_key(state: &mut State) -> Response<Bytes> {
    let key = issue_management_key(state);
    reply::json(StatusCode::OK, &json!({ "key": key }))
}

/// A key as an account's owner has it.
pub(crate) fn issue_management_key(state: &mut State) -> String {
    let grant = Grant { label: Some("Issued by the emulator".to_owned()), ..Grant::default() };
    state.issue_key(grant, true)
}

pub(crate) fn advance(state: &mut State, request: &Request<Bytes>) -> Result<Response<Bytes>, Refusal> {
    let body = object(request)?;
    let seconds = body.get("seconds").and_then(Value::as_f64);
    let by = seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| Refusal::bad_request("seconds must be a number, not below zero"))?;
    state.clock.advance(by);
    Ok(done())
}

pub(crate) fn log(state: &State) -> Response<Bytes> {
    let entries: Vec<Value> = state.log.entries().map(show).collect();
    reply::json(StatusCode::OK, &Value::Array(entries))
}

pub(crate) fn inject(state: &mut State, request: &Request<Bytes>) -> Result<Response<Bytes>, Refusal> {
    let fault = read_fault(&object(request)?).map_err(Refusal::bad_request)?;
    state.faults.push(fault);
    Ok(done())
}

fn done() -> Response<Bytes> {
    reply::json(StatusCode::OK, &json!({ "ok": true }))
}

/// Whatever its content type: these requests are typed by hand.
fn object(request: &Request<Bytes>) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(request.body()).map_err(|_| Refusal::bad_request("a JSON object is expected"))
}

fn read_fault(body: &Map<String, Value>) -> Result<Fault, String> {
    const KINDS: [&str; 5] = ["status", "delay_ms", "cut_after", "wrong_content_type", "drop"];
    let mut kinds = KINDS.into_iter().filter(|kind| body.contains_key(*kind));
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        return Err(format!("one of {} is expected", KINDS.join(", ")));
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let number = body.get(kind).and_then(Value::as_u64);
    let fault = match (kind, number, text(kind)) {
        ("status", Some(_), _) => read_answer(body)?,
        ("delay_ms", Some(milliseconds), _) => Fault::delay(Duration::from_millis(milliseconds)),
        ("cut_after", Some(bytes), _) => Fault::cut_after(usize::try_from(bytes).unwrap_or(usize::MAX)),
        ("wrong_content_type", _, Some(content_type)) => Fault::wrong_content_type(content_type),
        ("drop", _, Some("before_commit")) => Fault::drop_before_commit(),
        ("drop", _, Some("after_commit")) => Fault::drop_after_commit(),
        _ => return Err(format!("{kind} has a value that it cannot have")),
    };
    Ok(match text("path") {
        Some(path) => fault.on(path),
        None => fault,
    })
}

fn read_answer(body: &Map<String, Value>) -> Result<Fault, String> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let status = body.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let status = status.ok_or("status has a value that it cannot have")?;
    let mut fault = match text("location") {
        Some(location) => Fault::redirect(status, location),
        None => Fault::status(status),
    };
    if let Some(content_type) = text("content_type") {
        fault = fault.content_type(content_type);
    }
    if let Some(text) = text("body") {
        fault = fault.body(text.to_owned());
    }
    for (name, value) in body.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().ok_or_else(|| format!("the header {name} must be text"))?;
        fault = fault.header(name, value);
    }
    Ok(fault)
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
