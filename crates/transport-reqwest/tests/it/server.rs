//! Scripted servers over plain HTTP, for most tests.

use std::io;

pub(crate) use openrouter_oauth_transport_contract::{
    RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection,
};

use crate::GRANT;

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
