//! A sign-in through the standard library's blocking sockets, with random bytes from a file.

mod blocking;
mod random;

use std::error::Error;

use openrouter_oauth::{
    Client,
    transport::{ThreadTimer, block_on},
};
use openrouter_oauth_transport_contract::{Scheme, ScriptedServer};

use crate::{blocking::BlockingTransport, random::DevUrandom};

const CODE: &str = "auth_code_abc123def456";
const KEY: &str = "sk-or-v1-0e6f";

fn main() -> Result<(), Box<dyn Error>> {
    let body = format!(r#"{{"key":"{KEY}","user_id":"user_1"}}"#);
    let length = body.len();
    let server = ScriptedServer::responding(
        &Scheme::http(),
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ),
    )?;
    let builder =
        || Client::builder().base_url(server.url("/api/v1")).transport(BlockingTransport).timer(ThreadTimer);
    let missing = builder().build().err().ok_or("a client does not need random bytes")?;
    assert!(missing.to_string().contains("entropy"), "{missing}");
    let client = builder().entropy(DevUrandom).build()?;

    let (_url, mut sign_in) = client.authorize_headless().key_label("own-transport").begin()?;
    let code = sign_in.read_pasted(CODE)?;
    let grant = block_on(sign_in.exchange(&client, &code))?;

    assert_eq!(grant.key.expose(), KEY);
    assert_eq!(grant.user_id.as_deref(), Some("user_1"));
    let [request] = &server.requests()[..] else {
        return Err("the server did not get exactly one request".into());
    };
    assert_eq!(request.line, "POST /api/v1/auth/keys HTTP/1.1");
    let body = String::from_utf8_lossy(&request.body);
    assert!(body.contains(r#""code_challenge_method":"S256""#), "{body}");
    println!("own-transport: signed in through the standard library's sockets");
    Ok(())
}
