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
///
/// A value that does not look like a media type is ignored, because it could be an echoed secret.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<ServerText> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    let is_shown = essence.split_once('/').is_some_and(|(kind, rest)| is_plain(kind) && is_plain(rest));
    (is_shown && essence.len() <= 64).then(|| ServerText::new(&essence.to_ascii_lowercase()))
}

/// Returns the content encoding of the body, if it has at most 64 characters and is not `identity`.
///
/// A value that does not look like a list of encodings is ignored, as for [`content_type`].
pub(crate) fn content_encoding(headers: &HeaderMap) -> Option<ServerText> {
    let value = headers.get(header::CONTENT_ENCODING)?.to_str().ok()?.trim();
    let is_list = value.len() <= 64 && value.split(',').all(|encoding| is_plain(encoding.trim()));
    (is_list && !value.eq_ignore_ascii_case("identity")).then(|| ServerText::new(value))
}

/// Accepts the characters of registered media types and encodings.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'))
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

    #[test]
    fn only_media_types_and_encodings_are_shown() {
        let shown = |name, value: &str, read: fn(&HeaderMap) -> Option<ServerText>| {
            read(&HeaderMap::from_iter([(name, value.parse().unwrap())])).map(|text| text.to_string())
        };
        for (written, read) in [
            ("text/html", Some("text/html")),
            ("Application/Problem+JSON; charset=auth_code_abc123", Some("application/problem+json")),
            ("auth_code_abc123", None),
            ("text/auth_code_abc123", None),
            ("text/html/x", None),
            ("text/", None),
            ("", None),
        ] {
            assert_eq!(shown(header::CONTENT_TYPE, written, content_type).as_deref(), read, "{written}");
        }
        for (written, read) in [
            ("gzip", Some("gzip")),
            ("gzip, x-br", Some("gzip, x-br")),
            ("Identity", None),
            ("auth_code_abc123", None),
            ("", None),
        ] {
            assert_eq!(
                shown(header::CONTENT_ENCODING, written, content_encoding).as_deref(),
                read,
                "{written}"
            );
        }
    }
}
