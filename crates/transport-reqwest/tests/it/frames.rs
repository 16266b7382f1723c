//! A scripted HTTP/2 server, frame by frame (RFC 9113).

use std::{
    io::{self, Read as _},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::server::{RunScript, Scheme, ScriptedConnection, ScriptedServer};

/// A server that runs its script after each complete request, with the number of the stream.
pub(crate) struct Http2Server {
    pub(crate) server: ScriptedServer,
    requests: Arc<AtomicUsize>,
}

impl Http2Server {
    pub(crate) fn start<F>(scheme: &Scheme, script: F) -> Self
    where
        F: Fn(&mut ScriptedConnection, u32) -> io::Result<()> + Send + Sync + 'static,
    {
        Self::with_settings(scheme, &[], script)
    }

    /// Like [`start`](Self::start), with this payload of the server's `SETTINGS`.
    pub(crate) fn with_settings<F>(scheme: &Scheme, settings: &'static [u8], script: F) -> Self
    where
        F: Fn(&mut ScriptedConnection, u32) -> io::Result<()> + Send + Sync + 'static,
    {
        let requests = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&requests);
        let server = ScriptedServer::start(scheme, RunScript::OnConnect, move |connection, _| {
            connection.read_exact(&mut [0; PREFACE])?;
            connection.send(&frame(SETTINGS, 0, 0, settings))?;
            loop {
                let stream = read_request(connection)?;
                counted.fetch_add(1, Ordering::SeqCst);
                script(connection, stream)?;
            }
        });
        Self { server: server.unwrap(), requests }
    }

    /// Returns the number of complete requests.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// The length of the client's connection preface.
const PREFACE: usize = 24;

// The types of frames.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;

// The flags of frames.
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

// Error codes.
pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const INTERNAL_ERROR: u32 = 2;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

/// Reads frames until a request is complete, and acknowledges settings. Returns the number of its stream.
fn read_request(connection: &mut ScriptedConnection) -> io::Result<u32> {
    loop {
        let (kind, flags, stream, _) = read_frame(connection)?;
        match kind {
            SETTINGS if flags & ACK == 0 => connection.send(&frame(SETTINGS, ACK, 0, &[]))?,
            DATA | HEADERS if flags & END_STREAM != 0 => return Ok(stream),
            _ => {}
        }
    }
}

/// Reads frames until the client resets a stream. Returns the number of the stream and the error code.
pub(crate) fn read_reset(connection: &mut ScriptedConnection) -> io::Result<(u32, Vec<u8>)> {
    loop {
        let (kind, _, stream, payload) = read_frame(connection)?;
        if kind == RST_STREAM {
            return Ok((stream, payload));
        }
    }
}

/// Reads one frame: its type, flags, stream, and payload.
fn read_frame(connection: &mut ScriptedConnection) -> io::Result<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    connection.read_exact(&mut head)?;
    let [a, b, c, kind, flags, stream @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    connection.read_exact(&mut payload)?;
    Ok((kind, flags, u32::from_be_bytes(stream), payload))
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A reset of a stream.
pub(crate) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

/// The announcement that the server processes no stream after `last`.
pub(crate) fn go_away(last: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
}

/// Like [`go_away`], with a text for the client's log.
pub(crate) fn go_away_with(last: u32, code: u32, text: &str) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[&last.to_be_bytes()[..], &code.to_be_bytes(), text.as_bytes()].concat())
}

/// The head of a response with status 200, which is number 8 of HPACK's static table.
pub(crate) fn head(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &[0x88])
}

/// A head that continues in other frames.
pub(crate) fn open_head(stream: u32) -> Vec<u8> {
    frame(HEADERS, 0, stream, &[0x88])
}

/// A part of a body.
pub(crate) fn part(stream: u32, body: &str) -> Vec<u8> {
    frame(DATA, 0, stream, body.as_bytes())
}

/// A complete response.
pub(crate) fn response(stream: u32, body: &str) -> Vec<u8> {
    [head(stream), frame(DATA, END_STREAM, stream, body.as_bytes())].concat()
}
