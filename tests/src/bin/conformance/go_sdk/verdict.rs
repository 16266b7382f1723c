//! How the Go SDK reads a response, according to its source.

use serde_json::{Value, json};

use super::requests::{Operation, RawResponse};

/// The result of a call of the Go SDK.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// The value of a successful response.
    Value(Value),
    /// An error of a class for this status, with the fields of its body. A field that is missing has Go's zero value.
    Error { class: &'static str, code: i64, message: String },
    /// An error with the body as text: no class for this status, or another content type.
    ApiError,
    /// An error of the JSON decoder.
    Undecodable,
}

impl Verdict {
    /// Returns how the SDK reads `response`.
    pub(super) fn from_response(operation: Operation, response: &RawResponse) -> Self {
        let class = class(operation, response.status);
        let media_type = response.content_type.split(';').next().unwrap_or_default().trim();
        if media_type != "application/json" || (class.is_none() && response.status != 200) {
            return Self::ApiError;
        }
        let Ok(body) = serde_json::from_str::<Value>(&response.body) else { return Self::Undecodable };
        let Some(class) = class else { return Self::Value(body) };
        let field = |name: &str| body.get("error").and_then(|error| error.get(name));
        // Go's decoder rejects a field of another type.
        let code = field("code").map_or(Some(0), Value::as_i64);
        let message = field("message").map_or(Some(""), Value::as_str);
        match (code, message) {
            (Some(code), Some(message)) => Self::Error { class, code, message: message.to_owned() },
            _ => Self::Undecodable,
        }
    }

    fn error(class: &'static str, code: i64, message: &str) -> Self {
        Self::Error { class, code, message: message.to_owned() }
    }
}

/// Returns the class of a status that the operation documents.
fn class(operation: Operation, status: u16) -> Option<&'static str> {
    let creates_code = operation == Operation::CreateCode;
    Some(match status {
        400 => "BadRequestResponseError",
        401 if creates_code => "UnauthorizedResponseError",
        403 => "ForbiddenResponseError",
        409 if creates_code => "ConflictResponseError",
        500 => "InternalServerResponseError",
        _ => return None,
    })
}

/// Faults, and how the SDK reads the responses. By default, it retries a 5XX first.
pub(super) fn table() -> Vec<(Operation, Value, Verdict)> {
    let mut table = Vec::new();
    for operation in [Operation::Exchange, Operation::CreateCode] {
        let fault = |fields: &Value| {
            let mut fault = fields.clone();
            fault["path"] = json!(operation.path());
            fault
        };
        let bad_request = |code, message| Verdict::error("BadRequestResponseError", code, message);
        let validation = r#"{"success":false,"error":{"name":"ZodError","message":"[]"}}"#;
        let of_another_type = r#"{"error":{"code":"400","message":"Invalid code"}}"#;
        for (fields, verdict) in [
            (json!({ "status": 400 }), bad_request(400, "Bad Request")),
            (json!({ "status": 403 }), Verdict::error("ForbiddenResponseError", 403, "Forbidden")),
            (json!({ "status": 404 }), Verdict::ApiError),
            (json!({ "status": 429 }), Verdict::ApiError),
            (
                json!({ "status": 500 }),
                Verdict::error("InternalServerResponseError", 500, "Internal Server Error"),
            ),
            (json!({ "status": 502 }), Verdict::ApiError),
            (json!({ "status": 503 }), Verdict::ApiError),
            (json!({ "status": 400, "body": validation }), bad_request(0, "[]")),
            (json!({ "status": 400, "body": of_another_type }), Verdict::Undecodable),
            (json!({ "status": 400, "content_type": "text/plain" }), Verdict::ApiError),
            (json!({ "status": 500, "content_type": "text/html", "body": "<html>" }), Verdict::ApiError),
            (json!({ "wrong_content_type": "text/plain" }), Verdict::ApiError),
        ] {
            table.push((operation, fault(&fields), verdict));
        }
    }
    let only_when_creating = |status, class, message| {
        let fault = |path| json!({ "status": status, "path": path });
        [
            (
                Operation::CreateCode,
                fault(Operation::CreateCode.path()),
                Verdict::error(class, i64::from(status), message),
            ),
            (Operation::Exchange, fault(Operation::Exchange.path()), Verdict::ApiError),
        ]
    };
    table.extend(only_when_creating(401_u16, "UnauthorizedResponseError", "Unauthorized"));
    table.extend(only_when_creating(409, "ConflictResponseError", "Conflict"));
    table
}
