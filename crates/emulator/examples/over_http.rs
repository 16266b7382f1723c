//! Tests a program over plain HTTP. The program knows only a base URL.
//!
//! The tests are at the end of this file:
//!
//! ```sh
//! cargo test -p openrouter-oauth-emulator --example over_http
//! ```
//!
//! The program also runs by hand. It prints a URL for the browser and reads the code from standard input:
//!
//! ```sh
//! cargo run -p openrouter-oauth-cli -- emulator --port 8080
//! cargo run -p openrouter-oauth-emulator --example over_http -- http://127.0.0.1:8080/api/v1
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{
    error::Error,
    io::{self, Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let base_url = std::env::args().nth(1).ok_or("the first argument must be the base URL")?;
    println!("Open {}\nand paste the code here:", authorize_url(&base_url));
    let mut code = String::new();
    io::stdin().read_line(&mut code)?;
    let key = exchange(&base_url, code.trim())?;
    println!("Signed in, with a key of {} characters.", key.len());
    Ok(())
}

// RFC 7636, appendix B. A real program generates a random verifier for each sign-in.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Returns the URL of the consent page, which shows a code because there is no callback URL.
fn authorize_url(base_url: &str) -> String {
    let origin = base_url.trim_end_matches("/api/v1");
    format!("{origin}/auth?code_challenge={CHALLENGE}&code_challenge_method=S256")
}

/// Exchanges a code for an API key. Sends the code only once, because it may have arrived even if there is no response.
fn exchange(base_url: &str, code: &str) -> Result<String, Box<dyn Error>> {
    let body = json!({ "code": code, "code_verifier": VERIFIER, "code_challenge_method": "S256" });
    let (status, body) = post(&format!("{base_url}/auth/keys"), "application/json", &body.to_string())?;
    if status == 503 {
        return Err("OpenRouter is unavailable; retry later".into());
    }
    let body: Value = serde_json::from_str(&body)?;
    let text = |pointer| body.pointer(pointer).and_then(Value::as_str);
    let message = text("/error/message").unwrap_or_default();
    match (status, text("/key")) {
        (200, Some(key)) => Ok(key.to_owned()),
        _ => Err(format!("OpenRouter rejected the code: {message}").into()),
    }
}

/// Sends a `POST` request and returns the status and the body of the response.
fn post(url: &str, content_type: &str, body: &str) -> io::Result<(u16, String)> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    let (host, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(|| invalid("not an http URL with a path"))?;
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: application/json\r\n\
         Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let (head, body) = response.split_once("\r\n\r\n").ok_or_else(|| invalid("no response"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or_else(|| invalid("no status"))?, body.to_owned()))
}

// The tests use the multi-thread runtime, because the program blocks its thread while the emulator responds.
#[cfg(test)]
mod tests {
    use openrouter_oauth_emulator::{Emulator, EmulatorServer, Fault};

    use super::*;

    /// Starts an emulator and approves the program's sign-in as the user would. Returns the code that the page shows.
    async fn approve() -> (Emulator, EmulatorServer, String) {
        let emulator = Emulator::new();
        let server = emulator.serve(0).await.unwrap();
        let url = authorize_url(&server.base_url());
        let (status, body) = post(&url, "application/json", r#"{"decision":"approve"}"#).unwrap();
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let code = body["code"].as_str().unwrap().to_owned();
        (emulator, server, code)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn approved_code_becomes_a_key() {
        let (emulator, server, code) = approve().await;
        let key = exchange(&server.base_url(), &code).unwrap();
        assert!(key.starts_with("sk-or-v1-"));
        assert_eq!(emulator.posts("/auth/keys"), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn unavailable_service_leaves_the_code_usable() {
        let (emulator, server, code) = approve().await;
        emulator.inject(Fault::status(503).on("/auth/keys"));
        let error = exchange(&server.base_url(), &code).unwrap_err();
        assert_eq!(error.to_string(), "OpenRouter is unavailable; retry later");
        assert!(exchange(&server.base_url(), &code).is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn code_is_sent_once_if_the_response_is_lost() {
        let (emulator, server, code) = approve().await;
        emulator.inject(Fault::drop_after_commit().on("/auth/keys"));
        assert!(exchange(&server.base_url(), &code).is_err());
        assert_eq!(emulator.posts("/auth/keys"), 1);
    }
}
