//! The server, which responds to every request with the same key. It runs in its own process, so that its instructions
//! do not count.

use std::{thread, time::Duration};

use openrouter_oauth_tests::Result;
use openrouter_oauth_transport_contract::{RunScript, Scheme, ScriptedServer};

pub(crate) const CODE: &str = "auth_code_0123456789abcdef0123456789abcdef";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const KEY: &str = "sk-or-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(crate) const USER: &str = "user_2m0123456789abcdefghijk";

/// Long enough for a client under callgrind to go to sleep, so that every exchange runs the same code.
const RESPONSE_DELAY: Duration = Duration::from_millis(1);

/// Prints its address, and responds until the process is killed.
pub(crate) fn serve() -> Result<()> {
    let body = format!(r#"{{"key":"{KEY}","user_id":"{USER}"}}"#);
    let response = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Mon, 23 Nov 2026 10:00:00 GMT\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let server = ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, move |peer, _| {
        thread::sleep(RESPONSE_DELAY);
        peer.send(response.as_bytes())
    })?;
    println!("{}", server.address());
    loop {
        thread::park();
    }
}
