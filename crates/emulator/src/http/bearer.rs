//! The credentials of a request.

use http::{HeaderMap, header::AUTHORIZATION};

/// Returns the credentials of `Authorization: Bearer …`. The scheme is case-insensitive (RFC 9110, section 11.1).
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
