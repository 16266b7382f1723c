//! Signs in through a closure transport. The closure can call any HTTP client.
//!
//! To stay short, the example speaks plain HTTP over TCP, so it can reach the emulator but not OpenRouter. Start the
//! emulator in another terminal, and pass its base URL:
//!
//! ```sh
//! cargo run -p openrouter-oauth-cli -- emulator --port 8080
//! cargo run -p openrouter-oauth --no-default-features --features getrandom \
//!     --example closure_transport -- http://127.0.0.1:8080/api/v1
//! ```
//!
//! Without the feature `hyper`, `openrouter-oauth` compiles no HTTP client and no async runtime.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "the example talks to its user")]

use std::{env, error::Error, io, process::ExitCode};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth::{
    Client,
    transport::{self, ErrorKind, Limits, from_fn},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let base_url = env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8080/api/v1".to_owned());
    let client = Client::builder()
        .base_url(base_url)
        .transport(from_fn(send))
        // A real program sets a timer instead: `transport_hyper::TokioTimer`, or its own.
        .without_deadline()
        .build()?;

    let (url, mut sign_in) = client.authorize_headless().key_label("closure example").begin()?;
    println!("Open this URL in a browser:\n\n{url}\n\nThen paste the code here:");
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let code = sign_in.read_pasted(&line)?;
    let grant = sign_in.exchange(&client, &code).await?;
    match &grant.user_id {
        Some(user) => println!("Signed in as {user}."),
        None => println!("Signed in."),
    }
    Ok(())
}

/// Sends one request. Replace the body of this function with a call to your HTTP client.
///
/// The kind of an error decides whether a retry is safe: `Connect` means that nothing was sent, and after `Io` the
/// request may have arrived. `openrouter-oauth-transport-contract` checks whether a transport gets this right.
async fn send(request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, transport::Error> {
    let (head, body) = request.into_parts();
    let (Some("http"), Some(host)) = (head.uri.scheme_str(), head.uri.authority()) else {
        return Err(transport::Error::rejected("this example has no TLS"));
    };
    let port = host.port_u16().unwrap_or(80);
    let mut stream = TcpStream::connect(format!("{}:{port}", host.host()))
        .await
        .map_err(|error| transport::Error::new(ErrorKind::Connect, error))?;

    let mut message = format!("{} {} HTTP/1.1\r\n", head.method, head.uri.path()).into_bytes();
    for (name, value) in &head.headers {
        message.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    let rest = format!("host: {host}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    message.extend(rest.as_bytes());
    message.extend(&body);
    let io_error = |error| transport::Error::new(ErrorKind::Io, error);
    stream.write_all(&message).await.map_err(io_error)?;

    let limit = u64::try_from(limits.response_bytes).unwrap_or(u64::MAX).saturating_add(16 * 1024);
    let mut message = String::new();
    stream.take(limit).read_to_string(&mut message).await.map_err(io_error)?;
    let response = parse(&message).ok_or(ErrorKind::Protocol)?;
    // A cut response must not look complete.
    let length =
        response.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length != response.body().len()) {
        return Err(ErrorKind::Io.into());
    }
    Ok(response)
}

/// Parses a complete response whose body ends when the connection closes.
fn parse(message: &str) -> Option<Response<Bytes>> {
    let (head, body) = message.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let mut response = Response::builder().status(lines.next()?.split(' ').nth(1)?);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        response = response.header(name, value.trim());
    }
    response.body(body.to_owned().into()).ok()
}

fn print_error(error: &dyn Error) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("caused by: {error}");
        cause = error.source();
    }
}
