//! A blocking transport.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth_transport::{
    BoxError, Error, ErrorKind, Limits, ResponseFuture, Transport, WipedBuffer,
};

/// Speaks HTTP/1.1 in plain text, one connection for each request. That is enough for a loopback server.
#[derive(Debug)]
pub(crate) struct BlockingTransport;

impl Transport for BlockingTransport {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        // The clock cannot represent the end of an extreme timeout, so such a request has none.
        let deadline = limits.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Box::pin(async move { exchange(&request, limits, deadline) })
    }

    fn enforces_timeout(&self) -> bool {
        true
    }
}

/// The maximum length of a response head.
const MAX_HEAD_BYTES: usize = 64 * 1024;

fn exchange(
    request: &Request<Bytes>,
    limits: Limits,
    deadline: Option<Instant>,
) -> Result<Response<Bytes>, Error> {
    let mut stream = connect(request, deadline)?;
    write(&mut stream, serialize(request).as_ref(), deadline)?;

    let most = MAX_HEAD_BYTES.saturating_add(limits.response_bytes);
    let mut received = WipedBuffer::default();
    let mut part = [0; 4096];
    loop {
        stream.set_read_timeout(time_left(deadline)?).map_err(io_error)?;
        let read = stream.read(&mut part).map_err(io_error)?;
        if read == 0 {
            break;
        }
        received.extend_from_slice(&part[..read]);
        if received.len() > most {
            return Err(ErrorKind::TooLarge.into());
        }
    }
    let response = parse(received.as_ref()).map_err(|error| Error::new(ErrorKind::Protocol, error))?;
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

/// Writes all bytes. The system's timeout is for each write, and each may take only a part.
fn write(stream: &mut TcpStream, bytes: &[u8], deadline: Option<Instant>) -> Result<(), Error> {
    let mut rest = bytes;
    while !rest.is_empty() {
        // Until the first write, every error proves that nothing was sent.
        let not_begun = |error: Error| if rest.len() == bytes.len() { error.not_sent() } else { error };
        let left = time_left(deadline).map_err(not_begun)?;
        stream.set_write_timeout(left).map_err(|error| not_begun(io_error(error)))?;
        match stream.write(rest).map_err(io_error)? {
            0 => return Err(Error::new(ErrorKind::Io, "the connection takes no more bytes")),
            written => rest = &rest[written..],
        }
    }
    Ok(())
}

/// Connects to an IP address. A name lookup would have no timeout.
fn connect(request: &Request<Bytes>, deadline: Option<Instant>) -> Result<TcpStream, Error> {
    let authority = request.uri().authority().map_or("", |authority| authority.as_str());
    let address = authority.parse::<SocketAddr>().map_err(|error| Error::new(ErrorKind::Connect, error))?;
    let connected = match time_left(deadline).map_err(Error::not_sent)? {
        Some(left) => TcpStream::connect_timeout(&address, left),
        None => TcpStream::connect(address),
    };
    connected.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => Error::new(ErrorKind::Timeout, error).not_sent(),
        _ => Error::new(ErrorKind::Connect, error),
    })
}

/// Returns the time that is left, or an error if there is none.
fn time_left(deadline: Option<Instant>) -> Result<Option<Duration>, Error> {
    match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
        Some(Duration::ZERO) => Err(ErrorKind::Timeout.into()),
        left => Ok(left),
    }
}

fn io_error(error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ErrorKind::Timeout,
        _ => ErrorKind::Io,
    };
    Error::new(kind, error)
}

/// Formats the request as HTTP/1.1.
fn serialize(request: &Request<Bytes>) -> WipedBuffer {
    let uri = request.uri();
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let line = format!(
        "{} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n",
        request.method(),
        request.body().len()
    );
    let mut bytes = WipedBuffer::default();
    bytes.extend_from_slice(line.as_bytes());
    for (name, value) in request.headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
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
    let mut wiped = WipedBuffer::with_capacity(body.len());
    wiped.extend_from_slice(body.as_bytes());
    Ok(response.body(wiped.into())?)
}
