//! JSON bodies, and the validator's issues with their fields.

use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use serde_json::{Map, Value};

use super::response::{Issue, Rejection};

/// Parses a JSON body as an object.
///
/// # Errors
///
/// If the body is not JSON, or is not an object. Like the real service's validator, this function treats a body of
/// another content type as an empty object, so the error names the missing fields.
pub(crate) fn parse_object(request: &Request<Bytes>) -> Result<Map<String, Value>, Rejection> {
    if !is_json(request) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(request.body()) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(Rejection::InvalidFields(vec![issue("object", Some(&other), None)])),
        Err(_) => Err(Rejection::MalformedJson),
    }
}

/// Returns whether the content type of a request is `application/json`.
pub(crate) fn is_json(request: &Request<Bytes>) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads the fields of an object and collects issues; [`finish`](Self::finish) reports them.
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    issues: Vec<Issue>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(object: &'a Map<String, Value>) -> Self {
        Self { object, issues: Vec::new() }
    }

    /// Returns a required string. If it is missing, records an issue and returns an empty string.
    pub(crate) fn required_string(&mut self, name: &str) -> &'a str {
        let value = self.object.get(name);
        value.and_then(Value::as_str).unwrap_or_else(|| {
            self.issues.push(issue("string", value, Some(name)));
            ""
        })
    }

    pub(crate) fn string(&mut self, name: &str) -> Option<&'a str> {
        self.optional(name, "string", Value::as_str)
    }

    /// Returns an optional string that may also be `null`.
    pub(crate) fn nullable_string(&mut self, name: &str) -> Option<&'a str> {
        if self.object.get(name).is_some_and(Value::is_null) {
            return None;
        }
        self.string(name)
    }

    pub(crate) fn number(&mut self, name: &str) -> Option<f64> {
        self.optional(name, "number", Value::as_f64)
    }

    /// Finishes reading.
    ///
    /// # Errors
    ///
    /// If there were issues.
    pub(crate) fn finish(self) -> Result<(), Rejection> {
        if self.issues.is_empty() { Ok(()) } else { Err(Rejection::InvalidFields(self.issues)) }
    }

    fn optional<T>(
        &mut self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.object.get(name)?;
        let read = read(value);
        if read.is_none() {
            self.issues.push(issue(expected, Some(value), Some(name)));
        }
        read
    }
}

fn issue(expected: &'static str, received: Option<&Value>, name: Option<&str>) -> Issue {
    let received = match received {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    };
    Issue {
        expected,
        code: "invalid_type",
        path: name.into_iter().map(str::to_owned).collect(),
        message: format!("Invalid input: expected {expected}, received {received}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_invalid_field_is_reported() {
        let body = json!({ "code": 1, "limit": "2", "expires_at": null });
        let object = body.as_object().unwrap();
        let mut fields = Fields::new(object);
        assert_eq!(fields.required_string("code"), "");
        assert_eq!(fields.number("limit"), None);
        assert_eq!(fields.nullable_string("expires_at"), None);
        assert_eq!(fields.string("key_label"), None);
        let Err(Rejection::InvalidFields(issues)) = fields.finish() else {
            panic!("two fields are wrong");
        };
        assert_eq!(issues.len(), 2);
        assert_eq!(issues[0].message, "Invalid input: expected string, received number");
        assert_eq!(issues[1].path, ["limit"]);
    }
}
