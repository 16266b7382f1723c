//! What a scripted server has received so far.

use std::{
    fmt,
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{Arc, Weak},
};

/// What happened so far.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// How many clients connected.
    pub(crate) accepted: usize,
    /// Connections that the server made to itself and that are in the listener's queue.
    pub(crate) own_connections: Vec<SocketAddr>,
    /// The connections that are open.
    open: Vec<Weak<TcpStream>>,
    /// What was read of each request, from its first byte on.
    pub(crate) received: Vec<ReceivedRequest>,
    /// How many connections the clients have closed while the server waited for that.
    pub(crate) closed: usize,
}

impl Log {
    /// How many clients connected before this one, or `None` if the server itself has connected.
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

    /// Shuts down the connections that are open.
    pub(crate) fn shut_down(&self) {
        for tcp in self.open.iter().filter_map(Weak::upgrade) {
            // One that the client has closed is down already.
            let _down = tcp.shutdown(Shutdown::Both);
        }
    }
}

/// What a [`ScriptedServer`](crate::ScriptedServer) read of a request.
///
/// `Debug` shows the method, the path, and the names and lengths of everything else, since a request may carry secrets.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// The method, the target and the version: `GET / HTTP/1.1`.
    pub line: String,
    /// The headers, in order, with names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body. A chunked one includes its chunk sizes and trailers.
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// Reads the head of a request.
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

    /// The path and the query.
    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    /// The values of a header, by its name in lower case, in order.
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
    fn debug_output_shows_no_value() {
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
