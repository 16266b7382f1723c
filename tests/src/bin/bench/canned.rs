//! The server: it answers every request with the same key, in a process of its own, so that its instructions do not count.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    str, thread,
    time::Duration,
};

use crate::Result;

pub(crate) const CODE: &str = "auth_code_0123456789abcdef0123456789abcdef";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const KEY: &str = "sk-or-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(crate) const USER: &str = "user_2m0123456789abcdefghijk";

/// Long enough for a client that runs under callgrind to go to sleep, so that every exchange takes the same way.
const DELAY: Duration = Duration::from_millis(1);

/// Prints the address it listens on and serves one connection after another, until it is killed.
pub(crate) fn serve() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let body = format!(r#"{{"key":"{KEY}","user_id":"{USER}"}}"#);
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Mon, 23 Nov 2026 10:00:00 GMT\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    for connection in listener.incoming() {
        // A client that goes away is none of its business.
        let _ = answer_all(connection?, &answer);
    }
    Ok(())
}

fn answer_all(mut connection: TcpStream, answer: &str) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let (mut buffer, mut filled) = ([0; 4096], 0);
    loop {
        let read = connection.read(buffer.get_mut(filled..).unwrap_or_default())?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        if buffer.get(..filled).is_some_and(is_whole) {
            filled = 0;
            thread::sleep(DELAY);
            connection.write_all(answer.as_bytes())?;
        }
    }
}

/// Whether this is a request to its last byte.
fn is_whole(bytes: &[u8]) -> bool {
    let Some((head, body)) = str::from_utf8(bytes).ok().and_then(|text| text.split_once("\r\n\r\n")) else {
        return false;
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.and_then(|length| length.parse().ok()) == Some(body.len())
}
