//! The server: it answers every request with the same key, in a process of its own, so that its instructions do not count.

use std::{thread, time::Duration};

use openrouter_oauth_transport_contract::{RunScript, Scheme, ScriptedServer};

use crate::Result;

pub(crate) const CODE: &str = "auth_code_0123456789abcdef0123456789abcdef";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const KEY: &str = "sk-or-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(crate) const USER: &str = "user_2m0123456789abcdefghijk";

/// Long enough for a client that runs under callgrind to go to sleep, so that every exchange takes the same way.
const DELAY: Duration = Duration::from_millis(1);

/// Prints the address it listens on and answers, until it is killed.
pub(crate) fn serve() -> Result<()> {
    let body = format!(r#"{{"key":"{KEY}","user_id":"{USER}"}}"#);
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Mon, 23 Nov 2026 10:00:00 GMT\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let server = ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, move |peer, _| {
        thread::sleep(DELAY);
        peer.send(answer.as_bytes())
    })?;
    println!("{}", server.address());
    loop {
        thread::park();
    }
}
