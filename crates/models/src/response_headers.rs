//! Response headers that are shown to users.

use http::{HeaderMap, header};

use crate::ServerText;

/// Returns the ID that the server assigned to a request, from `cf-ray` or `x-request-id`.
///
/// A value that does not look like an ID is ignored, because it could be an echoed secret.
pub fn request_id(headers: &HeaderMap) -> Option<ServerText> {
    let id = |name| headers.get(name)?.to_str().ok().filter(|id| is_request_id(id)).map(ServerText::new);
    id("cf-ray").or_else(|| id("x-request-id"))
}

/// Returns the media type of the body (`Content-Type` without parameters), if it has at most 64 characters.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<ServerText> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    let is_short = (1..=64).contains(&essence.len());
    is_short.then(|| ServerText::new(&essence.to_ascii_lowercase()))
}

/// Returns the content encoding of the body, if it has at most 64 characters and is not `identity`.
pub(crate) fn content_encoding(headers: &HeaderMap) -> Option<ServerText> {
    let value = headers.get(header::CONTENT_ENCODING)?.to_str().ok()?.trim();
    let is_shown = (1..=64).contains(&value.len()) && !value.eq_ignore_ascii_case("identity");
    is_shown.then(|| ServerText::new(value))
}

/// Accepts up to 64 hexadecimal digits and hyphens, as in a UUID. Cloudflare appends a three-letter airport code.
fn is_request_id(text: &str) -> bool {
    let is_airport = |end: &str| end.len() == 3 && end.bytes().all(|byte| byte.is_ascii_uppercase());
    let id = text.rsplit_once('-').filter(|(_, end)| is_airport(end)).map_or(text, |(id, _)| id);
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hexadecimal_ids_are_accepted() {
        for id in ["8f0c1a2b3c4d5e6f-LHR", "8f0c1a2b3c4d5e6f", "123e4567-e89b-12d3-a456-426614174000"] {
            assert!(is_request_id(id), "{id}");
        }
        for other in
            ["", "-LHR", "auth_code_abc123", "sk-or-v1-0e6f", "8f0c 1a2b", "8f0c-lhr", &"0".repeat(65)]
        {
            assert!(!is_request_id(other), "{other}");
        }
    }
}
