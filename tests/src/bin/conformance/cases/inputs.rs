//! Inputs that several cases send or inject.

use serde_json::{Value, json};

/// RFC 7636, appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// The HTML page of a gateway in front of the service, as a fault.
pub(super) fn gateway_page(status: u16) -> Value {
    json!({ "status": status, "content_type": "text/html", "body": "<html><h1>Bad gateway</h1></html>" })
}
