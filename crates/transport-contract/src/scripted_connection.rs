//! One connection, from the side of the server.

use std::{
    fmt,
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
};

use crate::{
    log::{Log, ReceivedRequest},
    scheme::{Scheme, Stream},
    wait::Monitor,
};

/// At most so many bytes of a head are read, and of a body.
const HEAD_LIMIT: usize = 256 * 1024;
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// How many bytes are read at once of a head or a body.
const READ_SIZE: usize = 4096;

/// The server's end of a connection, as a script uses it.
///
/// A script reads with [`Read`] what was not read before the script ran. What it does not read is left in the socket,
/// and closing the connection then resets it. That holds exactly for [`OnConnect`](crate::RunScript::OnConnect) and plain
/// HTTP, where a read takes no more from the socket than it returns; otherwise up to 4 KiB after the head, or a record
/// of TLS, may have left the socket.
pub struct ScriptedConnection {
    stream: Box<dyn Stream>,
    /// The same connection, below TLS.
    tcp: Arc<TcpStream>,
    /// What was read and belongs to no request yet.
    unread: Vec<u8>,
    log: Arc<Monitor<Log>>,
}

impl ScriptedConnection {
    pub(crate) fn new(scheme: &Scheme, tcp: Arc<TcpStream>, log: Arc<Monitor<Log>>) -> io::Result<Self> {
        Ok(Self { stream: scheme.handshake(tcp.try_clone()?)?, tcp, unread: Vec::new(), log })
    }

    /// Reads the head of the next request. Returns how many requests came before it.
    pub(crate) fn read_head(&mut self) -> io::Result<usize> {
        while self.unread.is_empty() {
            self.fill(HEAD_LIMIT)?;
        }
        // Before the head is complete: a request that breaks off has come, too.
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

    /// The length of a body in chunks, with its sizes and trailers.
    fn chunks_length(&mut self) -> io::Result<usize> {
        let mut start = 0;
        loop {
            let end = self.find(b"\r\n", start, BODY_LIMIT)?;
            let size = chunk_size(self.unread.get(start..end).unwrap_or_default())?;
            if size == 0 {
                // The trailers end with an empty line; without any, it follows at once.
                return self.find(b"\r\n\r\n", end - 2, BODY_LIMIT);
            }
            // After the data comes a line break.
            start = end.saturating_add(size).saturating_add(2);
            while self.unread.len() < start {
                self.fill(BODY_LIMIT)?;
            }
        }
    }

    /// Reads until `end` comes at or after `start`, and returns where it ends.
    fn find(&mut self, end: &[u8], start: usize, limit: usize) -> io::Result<usize> {
        let mut searched = start;
        loop {
            let rest = self.unread.get(searched..).unwrap_or_default();
            if let Some(found) = rest.windows(end.len()).position(|window| window == end) {
                return Ok(searched + found + end.len());
            }
            // The first bytes of `end` may have come.
            searched = searched.max((self.unread.len() + 1).saturating_sub(end.len()));
            self.fill(limit)?;
        }
    }

    /// Reads once, and keeps what came in `unread`.
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

    /// The request with this number, as far as it was read.
    pub fn received(&self, number: usize) -> ReceivedRequest {
        self.log.look(|log| log.received.get(number).cloned()).unwrap_or_default()
    }

    /// Sends these bytes.
    ///
    /// # Errors
    ///
    /// The client has closed the connection, or does not read.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Responds with status 200 and this body.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn respond(&mut self, body: &str) -> io::Result<()> {
        self.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes())
    }

    /// Reads until the client closes the connection, or sends nothing for too long.
    ///
    /// # Errors
    ///
    /// Always, since the connection is over then: a script ends with it.
    pub fn wait_for_close(&mut self) -> io::Result<()> {
        wait_for_close(&mut self.stream, &self.log)
    }

    /// The connection below TLS, for its options and for closing half of it.
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

/// Ends a script and closes the connection: with a reset, if the client has sent more than was read.
///
/// # Errors
///
/// Always: it is the error that closes the connection.
pub fn close_connection() -> io::Result<()> {
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// Waits until a client closes its connection, and notes it, or until there is nothing to be read for too long.
pub(crate) fn wait_for_close(io: &mut impl Read, log: &Monitor<Log>) -> io::Result<()> {
    let end = loop {
        match io.read(&mut [0; 1024]) {
            Ok(0) => break io::ErrorKind::UnexpectedEof.into(),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    if !matches!(end.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) {
        log.change(|log| log.closed += 1);
    }
    Err(end)
}

/// Reads the line before a chunk, up to an extension.
fn chunk_size(line: &[u8]) -> io::Result<usize> {
    let size = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let size = std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
    size.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the size of a chunk is not a number"))
}
