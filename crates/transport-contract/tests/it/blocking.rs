//! A blocking transport on sockets of the standard library.

use std::{
    io::{self, BufRead, BufReader, ErrorKind as Io, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header::HOST};
use openrouter_oauth_transport::{BoxError, Error, ErrorKind, Limits, ResponseFuture, Transport};

/// A transport that speaks plain-text HTTP/1.1, opens a connection for each request, and blocks.
#[derive(Debug, Default)]
pub(crate) struct Blocking {
    pub(crate) flaw: Option<Flaw>,
}

/// A violation of the contract that only the code of this transport can have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flaw {
    /// Returns truncated bodies as complete ones.
    CutsSilently,
    /// Rejects chunk extensions.
    RejectsExtensions,
    /// Returns an interim response as the final one.
    TakesInterim,
    /// Applies the timeout to each read, not to the whole request.
    TimesEachRead,
    /// Applies the timeout once to connecting and writing, and again to reading.
    TimesEachStep,
}

impl Transport for Blocking {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move { self.exchange(&request, limits) })
    }
}

impl Blocking {
    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// Sends a request and waits for its response.
    pub(crate) fn exchange(
        &self,
        request: &Request<Bytes>,
        limits: Limits,
    ) -> Result<Response<Bytes>, Error> {
        let time = limits.timeout.map(|timeout| Time {
            deadline: Instant::now() + timeout,
            each: self.has(Flaw::TimesEachRead).then_some(timeout),
        });
        let tcp = connect(request, time).map_err(|error| match error.downcast_ref::<io::Error>() {
            Some(error) if is_timeout(error) => ErrorKind::Timeout.into(),
            _ => Error::new(ErrorKind::Connect, error),
        })?;
        let mut stream = BufReader::new(Timed { tcp, time });
        stream.get_mut().write_all(&head(request)).map_err(broken)?;
        stream.get_mut().write_all(request.body()).map_err(broken)?;
        if let (true, Some(timeout), Some(time)) =
            (self.has(Flaw::TimesEachStep), limits.timeout, &mut stream.get_mut().time)
        {
            time.deadline = Instant::now() + timeout;
        }
        loop {
            let mut response = read_head(&mut stream).map_err(broken)?;
            if self.has(Flaw::TakesInterim) || !response.status().is_informational() {
                let mut body = Vec::new();
                match self.read_body(&mut stream, &response, limits.response_bytes, &mut body) {
                    Err(error) if !(self.has(Flaw::CutsSilently) && error.kind() == ErrorKind::Io) => {
                        return Err(error.with_status(response.status()));
                    }
                    _ => *response.body_mut() = body.into(),
                }
                return Ok(response);
            }
        }
    }
}

fn connect(request: &Request<Bytes>, time: Option<Time>) -> Result<TcpStream, BoxError> {
    let authority = request.uri().authority().ok_or("the URL has no host")?;
    let address = authority.as_str().to_socket_addrs()?.next().ok_or("the host has no address")?;
    Ok(match time {
        Some(time) => TcpStream::connect_timeout(&address, time.left()?)?,
        None => TcpStream::connect(address)?,
    })
}

/// A connection with a deadline.
struct Timed {
    tcp: TcpStream,
    time: Option<Time>,
}

/// The deadline of a request.
#[derive(Clone, Copy)]
struct Time {
    deadline: Instant,
    /// A timeout for each operation, used instead of the deadline.
    each: Option<Duration>,
}

impl Time {
    fn left(self) -> io::Result<Duration> {
        let left = self.each.unwrap_or_else(|| self.deadline.saturating_duration_since(Instant::now()));
        if left.is_zero() { Err(Io::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(self.time.map(Time::left).transpose()?)?;
        self.tcp.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(self.time.map(Time::left).transpose()?)?;
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

fn broken(error: io::Error) -> Error {
    let kind = match error.kind() {
        _ if is_timeout(&error) => ErrorKind::Timeout,
        Io::InvalidData => ErrorKind::Protocol,
        _ => ErrorKind::Io,
    };
    Error::new(kind, error)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), Io::TimedOut | Io::WouldBlock)
}

fn head(request: &Request<Bytes>) -> Vec<u8> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let host = request.uri().authority().map_or("", |authority| authority.as_str());
    let mut head = format!("{} {target} HTTP/1.1\r\nconnection: close\r\n", request.method()).into_bytes();
    let length = request.body().len().to_string();
    let own = [(HOST.as_str(), host.as_bytes()), ("content-length", length.as_bytes())];
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    for (name, value) in own.into_iter().chain(headers) {
        head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    head
}

fn read_head(stream: &mut impl BufRead) -> io::Result<Response<Bytes>> {
    let status = read_line(stream)?;
    let status = status.strip_prefix(b"HTTP/1.1 ").and_then(|status| status.get(..3));
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status.and_then(|status| status.try_into().ok()).ok_or(Io::InvalidData)?;
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            return Ok(response);
        }
        let colon = line.iter().position(|byte| *byte == b':').ok_or(Io::InvalidData)?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        let name = HeaderName::from_bytes(name).map_err(|_| Io::InvalidData)?;
        let value = HeaderValue::from_bytes(value.trim_ascii()).map_err(|_| Io::InvalidData)?;
        response.headers_mut().append(name, value);
    }
}

/// Reads a line, and removes its line ending.
fn read_line(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    stream.take(64 * 1024).read_until(b'\n', &mut line)?;
    line.strip_suffix(b"\r\n").map(<[u8]>::to_vec).ok_or_else(|| Io::UnexpectedEof.into())
}

impl Blocking {
    fn read_body(
        &self,
        stream: &mut impl BufRead,
        head: &Response<Bytes>,
        most: usize,
        body: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let header = |name| head.headers().get(name).and_then(|value| value.to_str().ok());
        if head.status().is_informational() || matches!(head.status().as_u16(), 204 | 304) {
            return Ok(());
        }
        if header("transfer-encoding").is_some() {
            return self.read_chunks(stream, most, body);
        }
        if let Some(length) = header("content-length") {
            return read_part(stream, length.parse().map_err(|_| ErrorKind::Protocol)?, most, body);
        }
        stream.take(most as u64 + 1).read_to_end(body).map_err(broken)?;
        if body.len() > most { Err(ErrorKind::TooLarge.into()) } else { Ok(()) }
    }

    fn read_chunks(&self, stream: &mut impl BufRead, most: usize, body: &mut Vec<u8>) -> Result<(), Error> {
        loop {
            let line = read_line(stream).map_err(broken)?;
            let size = line
                .split(|byte| *byte == b';' && !self.has(Flaw::RejectsExtensions))
                .next()
                .unwrap_or_default();
            let size = std::str::from_utf8(size).ok().and_then(|size| u64::from_str_radix(size, 16).ok());
            let size = size.ok_or(ErrorKind::Protocol)?;
            read_part(stream, size, most, body)?;
            // An empty line ends the trailers, even if there are none.
            while !read_line(stream).map_err(broken)?.is_empty() {}
            if size == 0 {
                return Ok(());
            }
        }
    }
}

/// Reads `size` bytes, unless the body would exceed `most` bytes.
fn read_part(stream: &mut impl BufRead, size: u64, most: usize, body: &mut Vec<u8>) -> Result<(), Error> {
    if size > (most - body.len()) as u64 {
        return Err(ErrorKind::TooLarge.into());
    }
    let read = stream.take(size).read_to_end(body).map_err(broken)?;
    if read as u64 == size { Ok(()) } else { Err(broken(Io::UnexpectedEof.into())) }
}
