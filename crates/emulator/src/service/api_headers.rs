//! The headers that every response of the API has.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{http::cors, state::random::Random};

/// The ID that Cloudflare assigns to a request.
const CF_RAY: HeaderName = HeaderName::from_static("cf-ray");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Lets web pages read the response, and identifies it. Keeps headers that a fault has set.
pub(crate) fn add(headers: &mut HeaderMap, random: &mut Random) {
    cors::allow_any_origin(headers);
    // A client reads one of the two, so an ID next to a fault's own would hide it.
    if !headers.contains_key(CF_RAY) && !headers.contains_key(REQUEST_ID) {
        insert(headers, CF_RAY, &random.ray());
        insert(headers, REQUEST_ID, &random.request_id());
    }
}

/// Inserts an ID, which is visible ASCII and therefore a valid value.
fn insert(headers: &mut HeaderMap, name: HeaderName, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(name, value);
    }
}
