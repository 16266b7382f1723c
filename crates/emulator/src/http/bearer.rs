//! Whose key a request carries.

use http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    http::response::Refusal,
    service::State,
    state::grant::{Grant, Key},
};

/// The key of the `Authorization` header: one that was made here, or an access token that was signed here.
///
/// # Errors
///
/// 401, in the two wordings of the real service.
pub(crate) fn authenticate(state: &State, headers: &HeaderMap) -> Result<Key, Refusal> {
    let token = bearer_token(headers)
        .ok_or_else(|| Refusal::api(StatusCode::UNAUTHORIZED, "Missing Authentication header"))?;
    let now = state.clock.now();
    state
        .keys
        .get(token)
        .cloned()
        .or_else(|| access_token(state, token))
        .filter(|key| key.grant.expires_at.is_none_or(|expires_at| expires_at > now))
        .ok_or_else(|| Refusal::api(StatusCode::UNAUTHORIZED, "User not found."))
}

/// The credentials of `Bearer …`, its scheme in any case (RFC 9110 section 11.1).
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn access_token(state: &State, token: &str) -> Option<Key> {
    let claims = state.signer.verify(token)?;
    let expires_at = Timestamp::from_second(claims.get("exp")?.as_i64()?).ok()?;
    let label = claims.get("sub").and_then(Value::as_str).map(str::to_owned);
    let scope = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
    Some(Key {
        grant: Grant { label, expires_at: Some(expires_at), ..Grant::default() },
        is_management: scope.split(' ').any(|scope| scope == "management"),
    })
}
