//! Responses, and rejections in the service's error envelopes.

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use serde::Serialize;

pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response<Bytes> {
    // Writing to memory fails only for maps whose keys are not strings, and we have none.
    with_body(status, "application/json", serde_json::to_vec(body).unwrap_or_default())
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

/// A rejection of a request, with one variant per error envelope.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// `{"error":{"message":…,"code":…}}`
    Api(StatusCode, String),
    /// Fields are missing or have the wrong type: the validator's envelope, with its issues as text.
    InvalidFields(Vec<Issue>),
    /// The body is not JSON.
    MalformedJson,
    /// The token endpoint's error envelope (RFC 6749, section 5.2).
    OAuth(StatusCode, &'static str, String),
}

impl Rejection {
    pub(crate) fn api(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Api(status, message.into())
    }

    /// Rejects with status 400 and this message.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::api(StatusCode::BAD_REQUEST, message)
    }
}

/// A problem that the validator found in a field.
#[derive(Debug, Serialize)]
pub(crate) struct Issue {
    pub(crate) expected: &'static str,
    /// The kind of issue.
    pub(crate) code: &'static str,
    /// The field's name; empty for the body itself.
    pub(crate) path: Vec<String>,
    pub(crate) message: String,
}

impl From<Rejection> for Response<Bytes> {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Api(status, message) => {
                let error = ApiError { message: &message, code: status.as_u16() };
                json(status, &ApiEnvelope { error })
            }
            Rejection::InvalidFields(issues) => {
                // Two spaces of indentation, as the validator writes it.
                let message = serde_json::to_string_pretty(&issues).unwrap_or_default();
                let error = ValidationError { name: "ZodError", message };
                json(StatusCode::BAD_REQUEST, &ValidationEnvelope { success: false, error })
            }
            Rejection::MalformedJson => {
                with_body(StatusCode::BAD_REQUEST, "text/plain", "Malformed JSON in request body")
            }
            Rejection::OAuth(status, code, description) => {
                json(status, &OAuthError { error: code, error_description: &description })
            }
        }
    }
}

// The envelopes are structs because serde_json's map would sort the fields. The real service sends them in this order.

#[derive(Serialize)]
struct ApiEnvelope<'a> {
    error: ApiError<'a>,
}

#[derive(Serialize)]
struct ApiError<'a> {
    message: &'a str,
    code: u16,
}

#[derive(Serialize)]
struct ValidationEnvelope {
    success: bool,
    error: ValidationError,
}

#[derive(Serialize)]
struct ValidationError {
    name: &'static str,
    message: String,
}

#[derive(Serialize)]
struct OAuthError<'a> {
    error: &'a str,
    error_description: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rejection: Rejection, status: u16, body: &str) {
        let response = Response::from(rejection);
        assert_eq!(response.status(), status);
        assert_eq!(response.body(), body);
    }

    #[test]
    fn rejections_match_the_real_service_byte_for_byte() {
        check(
            Rejection::bad_request("Invalid code"),
            400,
            r#"{"error":{"message":"Invalid code","code":400}}"#,
        );
        check(Rejection::MalformedJson, 400, "Malformed JSON in request body");
        check(
            Rejection::OAuth(StatusCode::BAD_REQUEST, "invalid_grant", "no".to_owned()),
            400,
            r#"{"error":"invalid_grant","error_description":"no"}"#,
        );
    }

    #[test]
    fn issues_are_formatted_as_indented_json() {
        let issue = Issue {
            expected: "string",
            code: "invalid_type",
            path: vec!["code".to_owned()],
            message: "Invalid".to_owned(),
        };
        let issues = concat!(
            r#"[\n  {\n    \"expected\": \"string\",\n    \"code\": \"invalid_type\",\n"#,
            r#"    \"path\": [\n      \"code\"\n    ],\n    \"message\": \"Invalid\"\n  }\n]"#,
        );
        let body = format!(r#"{{"success":false,"error":{{"name":"ZodError","message":"{issues}"}}}}"#);
        check(Rejection::InvalidFields(vec![issue]), 400, &body);
    }
}
