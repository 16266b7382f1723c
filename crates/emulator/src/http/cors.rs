//! Cross-origin resource sharing (CORS), which lets web pages call the API with `fetch`.
//!
//! The names and values are those of captures of the real service in public repositories. None was made for this
//! project, and they differ in details. They show no `Access-Control-Max-Age` and no
//! `Access-Control-Allow-Credentials`, and `Retry-After` is not exposed.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, VARY,
    },
};

const METHODS: &str = "GET,OPTIONS,PATCH,DELETE,POST,PUT";

/// The headers that a web page may send.
const REQUEST_HEADERS: &str = "Authorization,User-Agent,X-Api-Key,X-CSRF-Token,X-Requested-With,Accept,\
    Accept-Version,Content-Length,Content-MD5,Content-Type,Date,X-Api-Version,HTTP-Referer,X-Windowai-Title,\
    X-Openrouter-Title,X-Title,X-Openrouter-Categories,X-Openrouter-App-Visibility,X-Session-Id,X-Stainless-Lang,\
    X-Stainless-Package-Version,X-Stainless-OS,X-Stainless-Arch,X-Stainless-Runtime,X-Stainless-Runtime-Version,\
    X-Stainless-Retry-Count,X-Stainless-Timeout,X-Stainless-Helper-Method,Protection-Key,Idempotency-Key,\
    traceparent,tracestate,b3";

/// The headers that a web page may read, in addition to the few that it always may.
const RESPONSE_HEADERS: &str = "X-Generation-Id,X-Provider-Name,request-id,cf-ray";

/// Returns the response to an OPTIONS request. Web pages of any origin get the same one.
pub(crate) fn preflight() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (VARY, ACCESS_CONTROL_REQUEST_HEADERS),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

const ACCESS_CONTROL_REQUEST_HEADERS: &str = "Access-Control-Request-Headers";

/// Lets web pages of any origin read the response, unless its headers already say who may.
pub(crate) fn allow_any_origin(headers: &mut HeaderMap) {
    insert_if_absent(headers, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    insert_if_absent(headers, ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
}

fn insert_if_absent(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
