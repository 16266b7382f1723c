//! In the place of OpenRouter: a server that answers one exchange.

use std::{
    io::{self, Read, Write},
    net::TcpListener,
    thread::{self, JoinHandle},
};

pub(crate) const CODE: &str = "auth_code_abc123def456";
pub(crate) const KEY: &str = "sk-or-v1-0e6f";

/// Starts it. The thread ends with the request that came.
pub(crate) fn start() -> io::Result<(String, JoinHandle<io::Result<String>>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base_url = format!("http://{}/api/v1", listener.local_addr()?);
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        let mut request = String::new();
        // The JSON of the request ends with the only brace that closes.
        while !request.ends_with('}') {
            let mut part = [0; 1024];
            let read = stream.read(&mut part)?;
            request.push_str(&String::from_utf8_lossy(&part[..read]));
            if read == 0 {
                break;
            }
        }
        let body = format!(r#"{{"key":"{KEY}","user_id":"user_1"}}"#);
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
        Ok(request)
    });
    Ok((base_url, served))
}
