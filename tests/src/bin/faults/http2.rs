//! The peer over HTTP/2: the h2 crate, with a fault among its frames or the client's.
//!
//! TLS has cells of its own, so the fault lies above it, where a flipped bit arrives and an end comes with a goodbye.

use std::io::{self, Cursor};

use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use http::{Method, Request, Response};
use tokio::{
    io::{AsyncReadExt, join, split},
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::server::TlsStream;

use crate::{
    answer::Answer,
    case::Case,
    line::Line,
    peer::{Marks, Notes, is_body_of},
};

/// Serves a connection until the client has closed it, and notes what was seen.
pub(crate) async fn serve(mut line: Line<TlsStream<TcpStream>>, case: Case, notes: Notes) {
    let request = read(&mut line).await;
    let is_cut = request.is_err();
    if let Ok(request) = request {
        // How it breaks is the case's matter.
        let _broken = answer_all(&mut line, request, case, &notes).await;
    }
    let response = Message::find(&line.written, 0);
    let sent = line.finish().await;
    let request = Message::find(&sent, PREFACE);
    let most = request.start.map_or(0, |start| sent.len() - start);
    notes.add(|seen| {
        seen.most = seen.most.max(most);
        // A request that broke off may have been processed, too.
        seen.posts += usize::from(is_cut && most > 0);
        // A client that allows no data, as a flipped bit may have it say, does not get its answer.
        seen.answered = seen.answered.filter(|_| response.end.is_some());
        seen.marks = Marks {
            request: request.end.unwrap_or(0),
            told: response.head.unwrap_or(0),
            response: response.end.unwrap_or(0),
            ..Marks::default()
        };
    });
}

/// Reads a request, all of it, before a word is said, so that the bytes of each way come in one order.
async fn read(line: &mut Line<TlsStream<TcpStream>>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(4096);
    while Message::find(&line.read, PREFACE).end.is_none() {
        if line.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(bytes)
}

/// Answers every request that h2 makes of these bytes and what follows them.
async fn answer_all(
    line: &mut Line<TlsStream<TcpStream>>,
    bytes: Vec<u8>,
    case: Case,
    notes: &Notes,
) -> Result<(), h2::Error> {
    let (reader, writer) = split(line);
    let mut connection = h2::server::handshake(join(Cursor::new(bytes).chain(reader), writer)).await?;
    let mut answering = JoinSet::new();
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        notes.add(|seen| seen.posts += 1);
        answering.spawn(answer(request, respond, case, notes.clone()));
    }
    Ok(())
}

async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    case: Case,
    notes: Notes,
) -> crate::Result<()> {
    let (head, mut body) = request.into_parts();
    let mut bytes = Vec::new();
    while let Some(part) = body.data().await {
        bytes.extend_from_slice(&part?);
    }
    let operation = case.operation;
    let is_right =
        head.method == Method::POST && head.uri.path() == operation.path() && is_body_of(operation, &bytes);
    let answer = if is_right { case.answer } else { Answer::BadRequest };
    let (head, body) = answer.response(operation)?.into_parts();
    respond.send_response(Response::from_parts(head, ()), false)?.send_data(body, true)?;
    notes.add(|seen| seen.answered = Some(answer));
    Ok(())
}

/// Where a message is among the frames of one side (RFC 9113, section 4.1), in bytes.
#[derive(Default)]
struct Message {
    start: Option<usize>,
    /// The end of its head.
    head: Option<usize>,
    end: Option<usize>,
}

/// How many bytes of the client come before its frames.
const PREFACE: usize = 24;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;

impl Message {
    /// The first message of what was sent, whose frames begin after so many bytes.
    fn find(sent: &[u8], mut at: usize) -> Self {
        let mut found = Self::default();
        while let Some(&[a, b, c, kind, flags, ..]) = sent.get(at..) {
            let next = at + 9 + u32::from_be_bytes([0, a, b, c]) as usize;
            let is_whole = next <= sent.len();
            if kind == HEADERS {
                found.start.get_or_insert(at);
                found.head = found.head.or(is_whole.then_some(next));
            }
            if is_whole && matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
                found.end.get_or_insert(next);
            }
            at = next;
        }
        found
    }
}
