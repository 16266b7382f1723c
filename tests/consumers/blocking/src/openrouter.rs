//! A stand-in for OpenRouter, and the code that its user pastes.

use std::io;

use openrouter_oauth_transport_contract::{RunScript, Scheme, ScriptedServer};

/// The code that the user pastes.
pub(crate) const CODE: &str = "auth_code_abc123def456";

/// Starts a service that exchanges each code for a key, and describes the key.
pub(crate) fn start() -> io::Result<ScriptedServer> {
    ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, |connection, number| {
        let body = match connection.received(number).target() {
            "/api/v1/auth/keys" => r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#,
            _ => r#"{"data":{"label":"my-program","limit":null,"usage":0}}"#,
        };
        let length = body.len();
        let response = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        connection.send(response.as_bytes())
    })
}
