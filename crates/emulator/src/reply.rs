//! Answers, and refusals in the envelopes the service uses.

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use serde_json::{Value, json};

pub(crate) fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    with_body(status, "application/json", body.to_string())
}

pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Bytes> {
    with_body(status, "text/plain; charset=utf-8", body)
}

pub(crate) fn html(status: StatusCode, body: impl Into<Bytes>) -> Response<Bytes> {
    with_body(status, "text/html; charset=utf-8", body)
}

fn with_body(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Why a request is refused, by the envelope that says so.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// `{"error":{"code":…,"message":…}}`
    Api(StatusCode, String),
    /// A field is missing or of the wrong type: the validator's own envelope, with its issues as text.
    Shape(Vec<Value>),
    /// The body is not JSON.
    Malformed,
    /// RFC 6749 section 5.2, on the token endpoint.
    OAuth(StatusCode, &'static str, String),
}

impl Refusal {
    pub(crate) fn api(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Api(status, message.into())
    }

    /// A 400 with this message.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::api(StatusCode::BAD_REQUEST, message)
    }
}

impl From<Refusal> for Response<Bytes> {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Api(status, message) => {
                let code = status.as_u16();
                json(status, &json!({ "error": { "message": message, "code": code } }))
            }
            Refusal::Shape(issues) => {
                // Two spaces of indentation, as the validator writes it.
                let message = format!("{:#}", Value::Array(issues));
                let error = json!({ "name": "ZodError", "message": message });
                json(StatusCode::BAD_REQUEST, &json!({ "success": false, "error": error }))
            }
            Refusal::Malformed => {
                with_body(StatusCode::BAD_REQUEST, "text/plain", "Malformed JSON in request body")
            }
            Refusal::OAuth(status, code, description) => {
                json(status, &json!({ "error": code, "error_description": description }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(refusal: Refusal, status: u16, body: &Value) {
        let response = Response::from(refusal);
        assert_eq!(response.status(), status);
        assert_eq!(serde_json::from_slice::<Value>(response.body()).unwrap(), *body);
    }

    #[test]
    fn refusals_come_in_the_documented_envelopes() {
        check(
            Refusal::bad_request("Invalid code"),
            400,
            &json!({ "error": { "code": 400, "message": "Invalid code" } }),
        );
        let issues = "[\n  {\n    \"code\": \"invalid_type\"\n  }\n]";
        check(
            Refusal::Shape(vec![json!({ "code": "invalid_type" })]),
            400,
            &json!({ "success": false, "error": { "name": "ZodError", "message": issues } }),
        );
        check(
            Refusal::OAuth(StatusCode::BAD_REQUEST, "invalid_grant", "no".to_owned()),
            400,
            &json!({ "error": "invalid_grant", "error_description": "no" }),
        );
        let malformed = Response::from(Refusal::Malformed);
        assert_eq!(malformed.body(), "Malformed JSON in request body");
    }
}
