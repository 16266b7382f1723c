//! The record of what a scripted server received.

use std::{
    fmt,
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{Arc, Weak},
};

/// The events on a server so far.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The number of clients that connected.
    pub(crate) accepted: usize,
    /// Connections from the server to itself that are still in the listener's queue.
    pub(crate) own_connections: Vec<SocketAddr>,
    /// The open connections.
    open: Vec<Weak<TcpStream>>,
    /// The requests, including those that were only partly read.
    pub(crate) received: Vec<ReceivedRequest>,
    /// The number of connections that clients closed while the server was waiting for the close.
    pub(crate) closed: usize,
}

impl Log {
    /// Records a connection. Returns the number of earlier clients, or `None` if the server connected to itself.
    pub(crate) fn admit(&mut self, tcp: &Arc<TcpStream>, address: SocketAddr) -> Option<usize> {
        if let Some(place) = self.own_connections.iter().position(|own| *own == address) {
            self.own_connections.remove(place);
            return None;
        }
        self.open.retain(|open| open.strong_count() > 0);
        self.open.push(Arc::downgrade(tcp));
        self.accepted += 1;
        Some(self.accepted - 1)
    }

    /// Shuts down the open connections.
    pub(crate) fn shut_down(&self) {
        for tcp in self.open.iter().filter_map(Weak::upgrade) {
            // This fails if the client has already closed the connection.
            let _down = tcp.shutdown(Shutdown::Both);
        }
    }
}

/// A request, or the part of it that a [`ScriptedServer`](crate::ScriptedServer) has read.
///
/// `Debug` shows the method, the path, the names and lengths of the headers, and the length of the body. It shows
/// nothing else, because a request may contain secrets.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// The request line, with the method, the target, and the version: `GET / HTTP/1.1`.
    pub line: String,
    /// The headers, in order, with lowercase names.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body. If it is chunked, this includes the chunk sizes and trailers.
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// Parses the head of a request.
    pub(crate) fn parse(head: &[u8]) -> Self {
        let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let line = lines.next().unwrap_or_default();
        let header = |line: &[u8]| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at_checked(colon)?;
            let value = value.strip_prefix(b":")?.trim_ascii();
            Some((String::from_utf8_lossy(name).to_ascii_lowercase(), value.to_vec()))
        };
        Self {
            line: String::from_utf8_lossy(line).into_owned(),
            headers: lines.filter_map(header).collect(),
            body: Vec::new(),
        }
    }

    /// Returns the request target, which is the path and the query.
    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    /// Returns the values of a header, in order. `name` must be lowercase.
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| &**value).collect()
    }
}

impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.line.split(' ').next().unwrap_or_default();
        let path = self.target().split(['?', '#']).next().unwrap_or_default();
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name, value.len())).collect();
        f.debug_struct("ReceivedRequest")
            .field("method", &method)
            .field("path", &path)
            .field("header_lengths", &headers)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_values() {
        let head = b"GET /key?code=s3cret HTTP/1.1\r\nAuthorization: Bearer s3cret\r\n\r\n";
        let request = ReceivedRequest { body: b"s3cret".to_vec(), ..ReceivedRequest::parse(head) };
        let shown = format!("{request:?}");
        assert!(
            shown.contains("GET") && shown.contains("/key") && shown.contains("authorization"),
            "{shown}"
        );
        assert!(!shown.contains("s3cret") && !shown.contains("115, 51"), "{shown}");
    }
}
