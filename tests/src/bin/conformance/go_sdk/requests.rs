//! The requests written from the SDK's source, and raw connections to send them.

use std::time::Duration;

use openrouter_oauth_tests::Result;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// How long to wait for a message on a busy machine.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// An operation of the Go SDK.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Operation {
    Exchange,
    CreateCode,
}

/// A response as it arrived.
#[derive(Debug)]
pub(super) struct RawResponse {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: String,
}

impl Operation {
    /// Returns the name that `sdk.go` uses.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::CreateCode => "create_code",
        }
    }

    /// Returns the path for a fault.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Exchange => "/auth/keys",
            Self::CreateCode => "/auth/keys/code",
        }
    }

    /// Returns the request to `host`, with its code or key.
    ///
    /// # Errors
    ///
    /// If the `Content-Length` in the file is wrong for this code.
    pub(super) fn request(self, host: &str, secret: &str) -> Result<String> {
        let written = match self {
            Self::Exchange => include_str!("../../../../conformance/go/exchange.http"),
            Self::CreateCode => include_str!("../../../../conformance/go/create_code.http"),
        };
        let (head, body) = written.split_once("\n\n").ok_or("the request has no body")?;
        let fill = |text: &str| text.replace("$host", host).replace("$code", secret).replace("$key", secret);
        let head = fill(&head.replace('\n', "\r\n"));
        let body = fill(body);
        if header(&head, "content-length") != Some(&body.len().to_string()) {
            return Err(format!("the body has {} bytes, but its head says otherwise", body.len()).into());
        }
        Ok(format!("{head}\r\n\r\n{body}"))
    }
}

/// Sends a request, and returns the response.
pub(super) async fn send(host: &str, request: &str) -> Result<RawResponse> {
    let response = exchange(host, request).await?;
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|line| line.get(..3)).unwrap_or_default();
    if header(head, "content-encoding").is_some() {
        return Err("the response is compressed".into());
    }
    Ok(RawResponse {
        status: status.parse()?,
        content_type: header(head, "content-type").unwrap_or_default().to_owned(),
        body: decode_body(head, body)?.unwrap_or_default(),
    })
}

/// Accepts one connection, passes its request on to `host` and the response back, and returns the request.
pub(super) async fn pass_on(relay: &TcpListener, host: &str) -> Result<String> {
    let (mut client, _) = relay.accept().await?;
    let request = receive(&mut client).await?;
    client.write_all(exchange(host, &request).await?.as_bytes()).await?;
    Ok(request)
}

/// Sends a request, and returns the response as it arrived.
async fn exchange(host: &str, request: &str) -> Result<String> {
    let mut tcp = TcpStream::connect(host).await?;
    tcp.write_all(request.as_bytes()).await?;
    receive(&mut tcp).await
}

/// Receives a message as it arrives.
async fn receive(tcp: &mut TcpStream) -> Result<String> {
    let mut received = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some((head, body)) = received.split_once("\r\n\r\n")
            && decode_body(head, body)?.is_some()
        {
            return Ok(received);
        }
        let read = timeout(WAIT_TIMEOUT, tcp.read(&mut buffer)).await??;
        if read == 0 {
            return Err(format!("the connection ended after {received:?}").into());
        }
        received.push_str(std::str::from_utf8(&buffer[..read])?);
    }
}

/// Returns the body of a message, unless a part has not arrived (RFC 9112, section 6).
fn decode_body(head: &str, received: &str) -> Result<Option<String>> {
    if let Some(length) = header(head, "content-length") {
        return Ok(received.get(..length.parse()?).map(str::to_owned));
    }
    let (mut body, mut rest) = (String::new(), received);
    while let Some((size, chunk)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16)?;
        let (Some(data), Some(next)) = (chunk.get(..size), chunk.get(size + 2..)) else { break };
        if size == 0 {
            return Ok(Some(body));
        }
        body.push_str(data);
        rest = next;
    }
    Ok(None)
}

/// Returns the value of a header.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    headers.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}
