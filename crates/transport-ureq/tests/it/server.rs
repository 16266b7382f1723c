//! An exchange, and scripted servers over plain HTTP for it.
//!
//! This file uses no other file of these tests, so that the tests of each transport can have a copy.

use std::io;

use bytes::Bytes;
use http::Request;

pub(crate) use openrouter_oauth_transport_contract::{
    RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection,
};

/// Starts a server that responds to every request with [`GRANT`], and keeps the connection open.
pub(crate) fn granting() -> ScriptedServer {
    responding(GRANT)
}

/// Starts a server that responds to every request with these bytes, and keeps the connection open until the client
/// closes it.
pub(crate) fn responding(response: impl Into<Vec<u8>>) -> ScriptedServer {
    ScriptedServer::responding(&Scheme::http(), response).unwrap()
}

/// Starts a server that runs a script for each request.
pub(crate) fn serving(
    script: impl Fn(&mut ScriptedConnection) -> io::Result<()> + Send + Sync + 'static,
) -> ScriptedServer {
    ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, move |connection, _| script(connection))
        .unwrap()
}

/// Creates a request with a code, like those of the SDK.
pub(crate) fn exchange(origin: &str) -> Request<Bytes> {
    Request::post(format!("{origin}/api/v1/auth/keys"))
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .body(Bytes::from_static(br#"{"code":"c0de-g1ven","code_verifier":"v3rifier"}"#))
        .unwrap()
}

/// A response with a key.
pub(crate) const GRANT: &[u8] = b"HTTP/1.1 200 OK\r\n\
    content-type: application/json\r\n\
    content-length: 37\r\n\
    \r\n\
    {\"key\":\"sk-or-v1-00\",\"user_id\":\"u_1\"}";

/// The body of [`GRANT`].
pub(crate) const KEY: &str = r#"{"key":"sk-or-v1-00","user_id":"u_1"}"#;
