//! `GET` and `POST /emulator/keys`; `GET`, `PATCH` and `DELETE /emulator/keys/{id}`; `POST /emulator/keys/{id}/spend`

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::ok;
use crate::{
    KeyError, KeyState, KeyUpdate, LimitReset,
    http::{
        response::{self, Rejection},
        route,
    },
    state::{State, clock},
};

pub(crate) fn list_or_create(state: &mut State, request: &Request<Bytes>) -> Response<Bytes> {
    if request.method() == Method::POST {
        return response::json(StatusCode::OK, &json!({ "key": state.issue_management_key() }));
    }
    let keys: Vec<Value> = state.key_states().iter().map(KeyState::to_json).collect();
    response::json(StatusCode::OK, &keys)
}

pub(crate) fn read_or_change(
    state: &mut State,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, Rejection> {
    let id = route::key_id(request.uri().path()).unwrap_or_default();
    let key = match *request.method() {
        Method::DELETE => return state.revoke_key(id).map(|()| ok()).map_err(reject),
        Method::PATCH => {
            let update = parse_update(request.body()).map_err(Rejection::bad_request)?;
            state.update_key(id, update).map_err(reject)?
        }
        _ => state.key_state(id).ok_or_else(|| reject(KeyError::UnknownKey))?,
    };
    Ok(response::json(StatusCode::OK, &key.to_json()))
}

pub(crate) fn spend(state: &mut State, request: &Request<Bytes>) -> Result<Response<Bytes>, Rejection> {
    let id = route::key_id(request.uri().path()).unwrap_or_default();
    let request: SpendRequest =
        parse_object(request.body(), "expected only dollars, a number").map_err(Rejection::bad_request)?;
    let key = state.spend(id, request.dollars).map_err(reject)?;
    Ok(response::json(StatusCode::OK, &key.to_json()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpendRequest {
    dollars: f64,
}

fn reject(error: KeyError) -> Rejection {
    let status = match error {
        KeyError::UnknownKey => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    };
    Rejection::api(status, error.to_string())
}

/// The fields of a change. `null` is a value, not an omission.
///
/// No message repeats a name or a value of the body, which might be a key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateRequest {
    #[serde(default, deserialize_with = "present")]
    label: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    limit: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    limit_reset: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    expires_at: Option<Value>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

fn parse_update(body: &[u8]) -> Result<KeyUpdate, &'static str> {
    let fields = "expected only label, limit, limit_reset, and expires_at, each at most once";
    let request: UpdateRequest = parse_object(body, fields)?;
    let mut update = KeyUpdate::new();
    if let Some(label) = request.label {
        update = update.label(label.as_str().ok_or("label must be a string")?);
    }
    if let Some(limit) = request.limit {
        update = update.limit(nullable(&limit, Value::as_f64).ok_or("limit must be a number or null")?);
    }
    if let Some(reset) = request.limit_reset {
        let reset = nullable(&reset, |reset| LimitReset::parse(reset.as_str()?));
        update = update.limit_reset(reset.ok_or("limit_reset must be daily, weekly, monthly, or null")?);
    }
    if let Some(time) = request.expires_at {
        let time = nullable(&time, |time| clock::parse_rfc3339(time.as_str()?));
        let time = time.ok_or("expires_at must be an RFC 3339 time in UTC, with seconds, or null")?;
        update.expires_at = Some(time);
    }
    Ok(update)
}

/// Parses a JSON object. `expected` is the error if it has other fields than `T`.
fn parse_object<T: DeserializeOwned>(body: &[u8], expected: &'static str) -> Result<T, &'static str> {
    // A struct could also be parsed from an array.
    serde_json::from_slice::<Map<String, Value>>(body).map_err(|_| "expected a JSON object")?;
    serde_json::from_slice(body).map_err(|_| expected)
}

/// Reads a value that may be `null`. Returns `None` if it is neither.
#[expect(clippy::option_option, reason = "the outer one is an error, the inner one null")]
fn nullable<T>(value: &Value, read: impl FnOnce(&Value) -> Option<T>) -> Option<Option<T>> {
    if value.is_null() { Some(None) } else { read(value).map(Some) }
}
