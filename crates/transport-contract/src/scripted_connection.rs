//! One connection, from the side of the server.

use std::{
    fmt,
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
};

use crate::{
    scheme::{Io, Scheme},
    server::{Log, RunScript as Amount},
    wait::Monitor,
};

/// A client that has connected, as a script sees it.
///
/// A script reads with [`Read`] what was not read before it was played. Reads take no more from the connection than they
/// return, so what a script does not read stays in the socket, and closing it then resets the connection.
pub struct ScriptedConnection {
    io: Box<dyn Io>,
    /// The same connection, below TLS.
    tcp: TcpStream,
    /// What was read and belongs to no request yet.
    unread: Vec<u8>,
    log: Arc<Monitor<Log>>,
}

/// What a [`ScriptedServer`](super::Server) read of a request.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// The method, the target and the version: `GET / HTTP/1.1`.
    pub line: String,
    /// The headers, in order, with names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body. One in chunks is shown as it came.
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// The path and the query.
    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    /// The values of a header, by its name in lower case, in order.
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| &**value).collect()
    }
}

impl ScriptedConnection {
    pub(crate) fn new(scheme: &Scheme, tcp: TcpStream, log: Arc<Monitor<Log>>) -> io::Result<Self> {
        let below = tcp.try_clone()?;
        Ok(Self { io: scheme.handshake(tcp)?, tcp: below, unread: Vec::new(), log })
    }

    /// Reads the next request. Returns how many came before it.
    pub(crate) fn request(&mut self, amount: Amount) -> io::Result<usize> {
        while self.unread.is_empty() {
            self.fill()?;
        }
        // Before anything is made of it: a request that breaks off has come, too.
        let number = self.log.change(|log| {
            log.received.push(ReceivedRequest::default());
            log.received.len() - 1
        });
        let end = loop {
            match end_of_head(&self.unread) {
                Some(end) => break end,
                None => self.fill()?,
            }
        };
        let head: Vec<u8> = self.unread.drain(..end).collect();
        let mut received = parse(&head);
        self.keep(number, &received);
        if matches!(amount, Amount::AfterRequest) {
            received.body = self.body(&received)?;
            self.keep(number, &received);
        }
        Ok(number)
    }

    fn keep(&self, number: usize, received: &ReceivedRequest) {
        self.log.change(|log| {
            if let Some(slot) = log.received.get_mut(number) {
                slot.clone_from(received);
            }
        });
    }

    fn body(&mut self, head: &ReceivedRequest) -> io::Result<Vec<u8>> {
        let length = match head.values("content-length").first() {
            Some(length) => {
                std::str::from_utf8(length).ok().and_then(|length| length.parse().ok()).unwrap_or(0)
            }
            None if head.values("transfer-encoding").is_empty() => 0,
            // Chunked, and shown as it is.
            None => loop {
                if self.unread.ends_with(b"0\r\n\r\n") {
                    break self.unread.len();
                }
                self.fill()?;
            },
        };
        while self.unread.len() < length {
            self.fill()?;
        }
        Ok(self.unread.drain(..length).collect())
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut part = [0; 4096];
        let count = self.io.read(&mut part)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.unread.extend(part.iter().take(count));
        Ok(())
    }

    /// The request with this number, as far as it was read.
    pub fn received(&self, number: usize) -> ReceivedRequest {
        self.log.look(|log| log.received.get(number).cloned()).unwrap_or_default()
    }

    /// Sends these bytes.
    ///
    /// # Errors
    ///
    /// The client has gone, or does not read.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.io.write_all(bytes)?;
        self.io.flush()
    }

    /// Responds with status 200 and this body.
    ///
    /// # Errors
    ///
    /// The client has gone, or does not read.
    pub fn respond(&mut self, body: &str) -> io::Result<()> {
        self.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes())
    }

    /// Reads until the client wait_for_close the connection, but not forever.
    ///
    /// # Errors
    ///
    /// Always, since the connection is over then: a script ends with it.
    pub fn wait_for_close(&mut self) -> io::Result<()> {
        wait_for_close(&mut self.io, &self.log)
    }

    /// The connection below TLS, for its options and for closing half of it.
    pub fn tcp(&self) -> &TcpStream {
        &self.tcp
    }
}

impl Read for ScriptedConnection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() {
            return self.io.read(buffer);
        }
        let count = self.unread.as_slice().read(buffer)?;
        self.unread.drain(..count);
        Ok(count)
    }
}

impl Write for ScriptedConnection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.io.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.io.flush()
    }
}

impl fmt::Debug for ScriptedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedConnection").field("tcp", &self.tcp).finish_non_exhaustive()
    }
}

/// Ends a script and wait_for_close the connection: with a reset, if the client has sent more than was read.
///
/// # Errors
///
/// Always: it is the error that wait_for_close the connection.
pub fn close_connection() -> io::Result<()> {
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// Waits until a client wait_for_close its connection, and notes it, or until there is nothing to be read for too long.
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

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    const END: &[u8] = b"\r\n\r\n";
    bytes.windows(END.len()).position(|window| window == END).map(|start| start + END.len())
}

fn parse(head: &[u8]) -> ReceivedRequest {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let line = lines.next().unwrap_or_default();
    let header = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        let value = value.strip_prefix(b":")?.trim_ascii();
        Some((String::from_utf8_lossy(name).to_ascii_lowercase(), value.to_vec()))
    };
    ReceivedRequest {
        line: String::from_utf8_lossy(line).into_owned(),
        headers: lines.filter_map(header).collect(),
        body: Vec::new(),
    }
}
