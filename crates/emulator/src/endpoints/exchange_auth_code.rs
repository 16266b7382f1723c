//! `POST /api/v1/auth/keys`
//!
//! Exchanges a code for a key. A code works once, within ten minutes.
//!
//! According to public reports, the real service responds with `Invalid code`, before it checks anything else about the
//! code, and with `Invalid code_challenge_method`. Both 403 responses and the ten minutes are only documented. Clients
//! rely on the envelopes of invalid fields and of malformed JSON. We inferred the order of the checks after the lookup
//! of the code, the meaning of a missing method, and that a verifier for a code without a
//! challenge is rejected.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    http::{
        json_body::{Fields, parse_object},
        response::{self, Rejection},
    },
    pkce::ChallengeMethod,
    state::{State, clock, grant::Code},
};

/// How long a code is valid.
const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

pub(crate) fn respond(state: &mut State, request: &Request<Bytes>) -> Result<Response<Bytes>, Rejection> {
    let body = parse_object(request)?;
    let mut fields = Fields::new(&body);
    let value = fields.required_string("code");
    let verifier = fields.string("code_verifier");
    let method = fields.nullable_string("code_challenge_method");
    fields.finish()?;

    let code = state.codes.get(value).ok_or_else(|| Rejection::bad_request("Invalid code"))?;
    if let Err(rejection) = check_exchange(state, code, verifier, method) {
        if state.settings.failure_burns_code {
            state.codes.remove(value);
        }
        return Err(rejection);
    }

    let grant = code.grant.clone();
    state.codes.remove(value);
    let key = state.issue_key(grant);
    Ok(response::json(StatusCode::OK, &json!({ "key": key, "user_id": state.user_id })))
}

fn check_exchange(
    state: &State,
    code: &Code,
    verifier: Option<&str>,
    method: Option<&str>,
) -> Result<(), Rejection> {
    if clock::after(code.issued_at, CODE_LIFETIME) <= state.clock.now() {
        return Err(Rejection::api(StatusCode::FORBIDDEN, "Authorization code expired"));
    }
    check_method(code, method)?;
    let met = match (&code.challenge, verifier) {
        (Some(challenge), Some(verifier)) => challenge.is_met_by(verifier),
        (None, None) => true,
        // A verifier without a challenge means that someone removed the challenge (RFC 9700, section 2.1.1).
        (Some(_), None) | (None, Some(_)) => false,
    };
    if met {
        return Ok(());
    }
    Err(Rejection::api(StatusCode::FORBIDDEN, "Invalid code or code_verifier"))
}

/// Checks that the method is the challenge's. We infer that a missing method means `plain` (RFC 7636, section 4.3).
fn check_method(code: &Code, method: Option<&str>) -> Result<(), Rejection> {
    let matches = match (&code.challenge, method) {
        (None, method) => method.is_none(),
        (Some(challenge), None) => challenge.method() == ChallengeMethod::Plain,
        (Some(challenge), Some(method)) => ChallengeMethod::parse(method) == Some(challenge.method()),
    };
    if matches {
        return Ok(());
    }
    Err(Rejection::bad_request("Invalid code_challenge_method"))
}
