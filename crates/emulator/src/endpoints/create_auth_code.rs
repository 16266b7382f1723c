//! `POST /api/v1/auth/keys/code`
//!
//! Creates a code for the user of the bearer key. The emulator accepts every valid key; which keys the real service
//! accepts is unknown.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::json;

use crate::{
    callback_url::CallbackUrl,
    http::{
        json_body::{Fields, parse_object},
        response::{self, Rejection},
    },
    pkce::Challenge,
    state::{
        State, clock,
        grant::{self, Code, Grant},
    },
};

/// The ID of the application that every code belongs to.
const APP_ID: u32 = 12_345;

pub(crate) fn respond(state: &mut State, request: &Request<Bytes>) -> Result<Response<Bytes>, Rejection> {
    state.authenticate(request.headers())?;
    let code = parse_code(state, request)?;
    let created_at = clock::rfc3339(code.issued_at);
    let id = state.issue_code(code);
    let data = json!({ "id": id, "app_id": APP_ID, "created_at": created_at });
    Ok(response::json(StatusCode::OK, &json!({ "data": data })))
}

fn parse_code(state: &State, request: &Request<Bytes>) -> Result<Code, Rejection> {
    let body = parse_object(request)?;
    let mut fields = Fields::new(&body);
    let callback = fields.required_string("callback_url");
    let challenge = fields.string("code_challenge");
    let method = fields.string("code_challenge_method");
    let label = fields.string("key_label");
    let limit = fields.number("limit");
    let limit_reset = fields.string("usage_limit_type");
    let expires_at = fields.nullable_string("expires_at");
    let workspace = fields.string("workspace_id");
    // OpenRouter's own telemetry. It has no effect on the code.
    fields.string("spawn_agent");
    fields.string("spawn_cloud");
    fields.finish()?;

    let now = state.clock.now();
    let checked = || {
        CallbackUrl::parse(callback, &state.settings)?;
        label.map_or(Ok(()), grant::check_label)?;
        limit.map_or(Ok(()), grant::check_limit)?;
        let limit_reset = limit_reset.map(grant::parse_limit_reset).transpose()?;
        workspace.map_or(Ok(()), grant::check_workspace)?;
        let expires_at = expires_at.map(|text| grant::parse_expiry(text, now)).transpose()?;
        let grant = Grant {
            label: label.map(str::to_owned),
            limit,
            limit_reset,
            expires_at,
            workspace: workspace.map(str::to_owned),
        };
        Ok(Code { issued_at: now, challenge: Challenge::parse(challenge, method)?, grant })
    };
    checked().map_err(|why: &str| Rejection::bad_request(why))
}
