//! One connection, from the side of the server.

use std::{
    io::{self, Read, Write},
    sync::Arc,
};

use super::{
    server::{Log, Read as Amount},
    site::Io,
    wait::Watched,
};

/// A client that has connected, as a script sees it.
pub(super) struct Peer {
    io: Box<dyn Io>,
    /// What was read and belongs to no request yet.
    unread: Vec<u8>,
    log: Arc<Watched<Log>>,
}

/// What was read of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    /// The method, the target and the version.
    pub(super) line: String,
    /// The headers, in order, with names in lower case.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Received {
    /// The values of a header, in order.
    pub(super) fn values(&self, name: &str) -> Vec<&[u8]> {
        self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| &**value).collect()
    }
}

impl Peer {
    pub(super) fn new(io: Box<dyn Io>, log: Arc<Watched<Log>>) -> Self {
        Self { io, unread: Vec::new(), log }
    }

    /// Reads the next request. Returns how many came before it.
    pub(super) fn request(&mut self, amount: Amount) -> io::Result<usize> {
        while self.unread.is_empty() {
            self.read()?;
        }
        // Before anything is made of it: a request that breaks off has come, too.
        let number = self.log.change(|log| {
            log.received.push(Received::default());
            log.received.len() - 1
        });
        let end = loop {
            match end_of_head(&self.unread) {
                Some(end) => break end,
                None => self.read()?,
            }
        };
        let head: Vec<u8> = self.unread.drain(..end).collect();
        let mut received = parse(&head);
        self.keep(number, &received);
        if matches!(amount, Amount::Whole) {
            received.body = self.body(&received)?;
            self.keep(number, &received);
        }
        Ok(number)
    }

    fn keep(&self, number: usize, received: &Received) {
        self.log.change(|log| {
            if let Some(slot) = log.received.get_mut(number) {
                slot.clone_from(received);
            }
        });
    }

    fn body(&mut self, head: &Received) -> io::Result<Vec<u8>> {
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
                self.read()?;
            },
        };
        while self.unread.len() < length {
            self.read()?;
        }
        Ok(self.unread.drain(..length).collect())
    }

    fn read(&mut self) -> io::Result<()> {
        let mut part = [0; 4096];
        let count = self.io.read(&mut part)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.unread.extend(part.iter().take(count));
        Ok(())
    }

    /// The path and the query of a request.
    pub(super) fn target(&self, number: usize) -> String {
        let line = self.log.look(|log| log.received.get(number).map(|received| received.line.clone()));
        line.and_then(|line| Some(line.split(' ').nth(1)?.to_owned())).unwrap_or_default()
    }

    /// Sends these bytes.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.io.write_all(bytes)?;
        self.io.flush()
    }

    /// Answers with 200 and this body.
    pub(super) fn answer(&mut self, body: &str) -> io::Result<()> {
        self.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes())
    }

    /// Waits until the client closes the connection, but not forever. The connection is over then.
    pub(super) fn hold(&mut self) -> io::Result<()> {
        closes(&mut self.io, &self.log)
    }
}

/// Closes the connection: with a reset, if the client has sent more than was read.
pub(super) fn close() -> io::Result<()> {
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// Waits until a client closes its connection, and notes it, or until there is nothing to be read for too long.
pub(super) fn closes(io: &mut impl Read, log: &Watched<Log>) -> io::Result<()> {
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

fn parse(head: &[u8]) -> Received {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let line = lines.next().unwrap_or_default();
    let header = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        let value = value.strip_prefix(b":")?.trim_ascii();
        Some((String::from_utf8_lossy(name).to_ascii_lowercase(), value.to_vec()))
    };
    Received {
        line: String::from_utf8_lossy(line).into_owned(),
        headers: lines.filter_map(header).collect(),
        body: Vec::new(),
    }
}
