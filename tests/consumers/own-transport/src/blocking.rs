//! A blocking transport and a blocking timer.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth_transport::{
    BoxError, Error, ErrorKind, Limits, ResponseFuture, SleepFuture, Timer, Transport,
};

/// Speaks HTTP/1.1 in plain text, one connection for each request. That is enough for a loopback server.
#[derive(Debug)]
pub(crate) struct BlockingTransport;

/// The system's clock, and a sleep that blocks.
#[derive(Debug)]
pub(crate) struct BlockingTimer;

impl Transport for BlockingTransport {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move { exchange(&request, limits) })
    }
}

impl Timer for BlockingTimer {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        Box::pin(async move { thread::sleep(duration) })
    }
}

/// The maximum length of a response head.
const MAX_HEAD_BYTES: usize = 64 * 1024;

fn exchange(request: &Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, Error> {
    let deadline = limits.timeout.map(|timeout| Instant::now() + timeout);
    let mut stream = connect(request).map_err(|error| Error::new(ErrorKind::Connect, error))?;
    stream.write_all(&serialize(request)).map_err(io_error)?;

    let most = MAX_HEAD_BYTES + limits.response_bytes;
    let mut received = Vec::new();
    let mut part = [0; 4096];
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(ErrorKind::Timeout.into());
        }
        stream.set_read_timeout(left).map_err(io_error)?;
        let read = stream.read(&mut part).map_err(io_error)?;
        if read == 0 {
            break;
        }
        received.extend_from_slice(&part[..read]);
        if received.len() > most {
            return Err(ErrorKind::TooLarge.into());
        }
    }
    let response = parse(&received).map_err(|error| Error::new(ErrorKind::Protocol, error))?;
    let length =
        response.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
    if length != Some(response.body().len()) {
        return Err(Error::new(ErrorKind::Io, "the response is truncated"));
    }
    if response.body().len() > limits.response_bytes {
        return Err(ErrorKind::TooLarge.into());
    }
    Ok(response)
}

fn connect(request: &Request<Bytes>) -> Result<TcpStream, BoxError> {
    let authority = request.uri().authority().ok_or("the URL has no host")?;
    Ok(TcpStream::connect(authority.as_str())?)
}

fn io_error(error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ErrorKind::Timeout,
        _ => ErrorKind::Io,
    };
    Error::new(kind, error)
}

/// Formats the request as HTTP/1.1.
fn serialize(request: &Request<Bytes>) -> Vec<u8> {
    let uri = request.uri();
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut bytes = format!(
        "{} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n",
        request.method(),
        request.body().len()
    )
    .into_bytes();
    for (name, value) in request.headers() {
        bytes.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(request.body());
    bytes
}

/// Parses a complete response.
fn parse(bytes: &[u8]) -> Result<Response<Bytes>, BoxError> {
    let text = str::from_utf8(bytes)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or("the head has no end")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3));
    let mut response = Response::builder().status(status.ok_or("the status is missing")?);
    for line in lines {
        let (name, value) = line.split_once(':').ok_or("a header has no value")?;
        response = response.header(name, value.trim());
    }
    Ok(response.body(Bytes::copy_from_slice(body.as_bytes()))?)
}
