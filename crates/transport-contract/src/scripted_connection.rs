//! The server's end of a connection.

use std::{
    fmt,
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use crate::{
    log::{Log, ReceivedRequest},
    scheme::{Scheme, Stream},
    wait::Monitor,
};

/// The maximum sizes of a head and of a body.
const HEAD_LIMIT: usize = 256 * 1024;
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The size of each read of a head, of a body, or for a relay.
const READ_SIZE: usize = 4096;

/// How long a relay reads from one side before it switches to the other.
const RELAY_TURN: Duration = Duration::from_millis(2);

/// The server's end of a connection, for use in a script.
///
/// A script can use [`Read`] to read the bytes that the server has not read yet. If unread bytes remain in the socket,
/// closing the connection resets it. Rely on this only with [`OnConnect`](crate::RunScript::OnConnect) over plain HTTP,
/// where a read takes no more bytes from the socket than it returns. Otherwise, the server may already have read up to
/// 4 KiB after the head, or a whole TLS record.
pub struct ScriptedConnection {
    stream: Box<dyn Stream>,
    /// The same connection, without TLS.
    tcp: Arc<TcpStream>,
    /// Bytes that were read but do not belong to a request yet.
    unread: Vec<u8>,
    log: Arc<Monitor<Log>>,
}

impl ScriptedConnection {
    pub(crate) fn new(scheme: &Scheme, tcp: Arc<TcpStream>, log: Arc<Monitor<Log>>) -> io::Result<Self> {
        Ok(Self { stream: scheme.handshake(tcp.try_clone()?)?, tcp, unread: Vec::new(), log })
    }

    /// Reads the head of the next request. Returns the number of earlier requests.
    pub(crate) fn read_head(&mut self) -> io::Result<usize> {
        while self.unread.is_empty() {
            self.fill(HEAD_LIMIT)?;
        }
        // Record the request before its head is complete, so that an aborted request counts too.
        let number = self.log.change(|log| {
            log.received.push(ReceivedRequest::default());
            log.received.len() - 1
        });
        let end = self.find(b"\r\n\r\n", 0, HEAD_LIMIT)?;
        let head: Vec<u8> = self.unread.drain(..end).collect();
        self.keep(number, ReceivedRequest::parse(&head));
        Ok(number)
    }

    /// Reads the body of the request with this number, after its head.
    pub(crate) fn read_body(&mut self, number: usize) -> io::Result<()> {
        let mut request = self.received(number);
        let length = match request.values("content-length").first() {
            Some(length) => {
                std::str::from_utf8(length).ok().and_then(|length| length.parse().ok()).unwrap_or(0)
            }
            None if request.values("transfer-encoding").is_empty() => 0,
            None => self.chunks_length()?,
        };
        while self.unread.len() < length {
            self.fill(BODY_LIMIT)?;
        }
        request.body = self.unread.drain(..length).collect();
        self.keep(number, request);
        Ok(())
    }

    /// Returns the length of a chunked body, including its chunk sizes and trailers.
    fn chunks_length(&mut self) -> io::Result<usize> {
        let mut start = 0;
        loop {
            let end = self.find(b"\r\n", start, BODY_LIMIT)?;
            let size = chunk_size(self.unread.get(start..end).unwrap_or_default())?;
            if size == 0 {
                // An empty line ends the trailers, even if there are none.
                return self.find(b"\r\n\r\n", end - 2, BODY_LIMIT);
            }
            // A line break follows the data.
            start = end.saturating_add(size).saturating_add(2);
            while self.unread.len() < start {
                self.fill(BODY_LIMIT)?;
            }
        }
    }

    /// Reads until `unread` contains `end` at or after `start`. Returns the position after `end`.
    fn find(&mut self, end: &[u8], start: usize, limit: usize) -> io::Result<usize> {
        let mut searched = start;
        loop {
            let rest = self.unread.get(searched..).unwrap_or_default();
            if let Some(found) = rest.windows(end.len()).position(|window| window == end) {
                return Ok(searched + found + end.len());
            }
            // `unread` may already end with the first bytes of `end`.
            searched = searched.max((self.unread.len() + 1).saturating_sub(end.len()));
            self.fill(limit)?;
        }
    }

    /// Reads once, and appends the bytes to `unread`.
    fn fill(&mut self, limit: usize) -> io::Result<()> {
        if self.unread.len() > limit {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the request is too large"));
        }
        let mut part = [0; READ_SIZE];
        let count = self.stream.read(&mut part)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.unread.extend(part.iter().take(count));
        Ok(())
    }

    fn keep(&self, number: usize, request: ReceivedRequest) {
        self.log.change(|log| {
            if let Some(slot) = log.received.get_mut(number) {
                *slot = request;
            }
        });
    }

    /// Returns the part of the request with this number that the server has read.
    pub fn received(&self, number: usize) -> ReceivedRequest {
        self.log.look(|log| log.received.get(number).cloned()).unwrap_or_default()
    }

    /// Sends `bytes`.
    ///
    /// # Errors
    ///
    /// Returns an error if the client closed the connection or does not read.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Responds with status 200 and this body.
    ///
    /// # Errors
    ///
    /// Same as [`send`](Self::send).
    pub fn respond(&mut self, body: &str) -> io::Result<()> {
        self.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes())
    }

    /// Forwards bytes between the client and `to`, until one of them closes its connection. This makes the script a
    /// proxy.
    ///
    /// # Errors
    ///
    /// Always returns an error, because the connection is then over. Call this at the end of a script.
    pub fn relay(&mut self, mut to: TcpStream) -> io::Result<()> {
        to.set_nodelay(true)?;
        to.set_read_timeout(Some(RELAY_TURN))?;
        self.tcp.set_read_timeout(Some(RELAY_TURN))?;
        loop {
            forward(self, &mut to)?;
            forward(&mut to, self)?;
        }
    }

    /// Reads until the client closes the connection, or until a read times out.
    ///
    /// # Errors
    ///
    /// Always returns an error, because the connection is then over. Call this at the end of a script.
    pub fn wait_for_close(&mut self) -> io::Result<()> {
        wait_for_close(&mut self.stream, &self.log)
    }

    /// Returns the TCP connection, to set its options or to close one direction.
    pub fn tcp(&self) -> &TcpStream {
        &self.tcp
    }
}

impl Read for ScriptedConnection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() {
            return self.stream.read(buffer);
        }
        let count = self.unread.as_slice().read(buffer)?;
        self.unread.drain(..count);
        Ok(count)
    }
}

impl Write for ScriptedConnection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl fmt::Debug for ScriptedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedConnection").field("tcp", &self.tcp).finish_non_exhaustive()
    }
}

/// Ends a script and closes the connection. If the client has sent bytes that were not read, this resets the
/// connection.
///
/// # Errors
///
/// Always returns an error, which closes the connection when the script returns it.
pub fn close_connection() -> io::Result<()> {
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// Reads once, and forwards the bytes.
fn forward(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut part = [0; READ_SIZE];
    match from.read(&mut part) {
        Ok(0) => close_connection(),
        Ok(count) => {
            to.write_all(part.get(..count).unwrap_or_default())?;
            to.flush()
        }
        Err(error) if is_timeout(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Reads until the client closes the connection, which it records, or until a read times out.
pub(crate) fn wait_for_close(io: &mut impl Read, log: &Monitor<Log>) -> io::Result<()> {
    let end = loop {
        match io.read(&mut [0; 1024]) {
            Ok(0) => break io::ErrorKind::UnexpectedEof.into(),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    if !is_timeout(&end) {
        log.change(|log| log.closed += 1);
    }
    Err(end)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Parses the line before a chunk, and ignores extensions.
fn chunk_size(line: &[u8]) -> io::Result<usize> {
    let size = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let size = std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
    size.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the chunk size is not a number"))
}
