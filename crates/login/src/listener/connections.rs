//! The open connections of the listener.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io::{self, Read, Write},
    net,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    task::{AbortHandle, JoinSet},
    time::{Instant, Sleep, sleep_until, timeout},
};
use zeroize::Zeroizing;

use super::{
    request_head::{HeadProgress, HeadReader},
    response::RejectedRequest,
};

/// The open connections, with and without a response. Dropping this closes all of them.
pub(super) struct Connections {
    /// Connections whose head is not complete, oldest first.
    reading: VecDeque<Connection>,
    /// Connections whose head turned out to be complete when they had to make room.
    received: VecDeque<ReceivedHead>,
    closing_tasks: JoinSet<()>,
    /// The tasks of `closing_tasks`, oldest first.
    closing: VecDeque<AbortHandle>,
    buffer: Buffer,
}

/// A connection that waits for a response.
pub(super) struct ReceivedHead {
    pub(super) stream: TcpStream,
    /// A complete head, or the reason for the rejection.
    pub(super) head: Result<HeadReader, RejectedRequest>,
}

/// A connection whose head is not complete.
struct Connection {
    stream: TcpStream,
    reader: HeadReader,
    deadline: Pin<Box<Sleep>>,
}

type Buffer = Zeroizing<[u8; 1024]>;

/// How many connections may be open at once.
const MAX_OPEN: usize = 32;

/// How long the client may take to receive its response and close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How many bytes are read and ignored after a response, so that a reset does not destroy the response.
const MAX_IGNORED: usize = 64 * 1024;

impl Connections {
    pub(super) fn new() -> Self {
        Self {
            reading: VecDeque::new(),
            received: VecDeque::new(),
            closing_tasks: JoinSet::new(),
            closing: VecDeque::new(),
            buffer: Zeroizing::new([0; 1024]),
        }
    }

    /// Adds a connection. If there are too many, closes one: a connection with a response that the client keeps open,
    /// or else the oldest one whose head is not complete. Returns the rejection of the latter.
    ///
    /// Dropping the newest connection instead would let many slow connections keep the browser out.
    pub(super) fn add(&mut self, stream: TcpStream) -> Option<RejectedRequest> {
        self.closing.retain(|task| !task.is_finished());
        let mut dropped = None;
        if self.reading.len() + self.closing.len() >= MAX_OPEN {
            if let Some(task) = self.closing.pop_front() {
                task.abort();
            } else if let Some(connection) = self.reading.pop_front() {
                match connection.finish(&mut self.buffer) {
                    Some(received) => self.received.push_back(received),
                    None => dropped = Some(RejectedRequest::Dropped),
                }
            }
        }
        self.reading.push_back(Connection::new(stream));
        dropped
    }

    /// Responds, and closes the connection.
    pub(super) fn respond(&mut self, stream: TcpStream, response: &[u8]) {
        // The whole response fits into the socket's buffer, and arrives even if this connection must make room.
        let written = at_once(stream, |stream| stream.write_all(response));
        if let Ok((stream, ())) = written {
            let closing = async { drop(timeout(CLOSE_TIMEOUT, close(stream)).await) };
            self.closing.push_back(self.closing_tasks.spawn(closing));
        }
    }

    /// Waits for the next complete head. Dropping the future loses nothing.
    pub(super) async fn next_head(&mut self) -> ReceivedHead {
        poll_fn(|context| self.poll_next_head(context)).await
    }

    fn poll_next_head(&mut self, context: &mut Context<'_>) -> Poll<ReceivedHead> {
        while let Poll::Ready(Some(_)) = self.closing_tasks.poll_join_next(context) {}
        if let Some(received) = self.received.pop_front() {
            return Poll::Ready(received);
        }
        let mut index = 0;
        while let Some(connection) = self.reading.get_mut(index) {
            let Poll::Ready(step) = connection.poll(context, &mut self.buffer) else {
                index += 1;
                continue;
            };
            if let Some(received) =
                self.reading.remove(index).and_then(|connection| connection.into_received(step))
            {
                return Poll::Ready(received);
            }
        }
        Poll::Pending
    }
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        let reader = HeadReader::new(Instant::now().into_std());
        let deadline = Box::pin(sleep_until(Instant::from_std(reader.deadline())));
        Self { stream, reader, deadline }
    }

    /// Reads until the head is complete or rejected.
    fn poll(&mut self, context: &mut Context<'_>, buffer: &mut Buffer) -> Poll<HeadProgress> {
        loop {
            let mut buffer = ReadBuf::new(&mut buffer[..]);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(HeadProgress::Close),
                Poll::Pending => ready!(self.deadline.as_mut().poll(context)),
            }
            match self.reader.receive(buffer.filled(), Instant::now().into_std()) {
                HeadProgress::More => {}
                step => return Poll::Ready(step),
            }
        }
    }

    /// Reads the data that has arrived but that the runtime may not have noticed. Returns `None` if the head is still
    /// incomplete.
    fn finish(self, buffer: &mut Buffer) -> Option<ReceivedHead> {
        let Self { stream, mut reader, deadline } = self;
        let read = at_once(stream, |stream| {
            loop {
                let length = stream.read(&mut buffer[..])?;
                let bytes = buffer.get(..length).unwrap_or_default();
                match reader.receive(bytes, Instant::now().into_std()) {
                    HeadProgress::More => {}
                    step => return Ok(step),
                }
            }
        });
        let (stream, step) = read.ok()?;
        Self { stream, reader, deadline }.into_received(step)
    }

    fn into_received(self, step: HeadProgress) -> Option<ReceivedHead> {
        let head = match step {
            HeadProgress::Complete => Ok(self.reader),
            HeadProgress::Reject(rejected) => Err(rejected),
            HeadProgress::More | HeadProgress::Close => return None,
        };
        Some(ReceivedHead { stream: self.stream, head })
    }
}

/// Calls `act` with the non-blocking socket itself, even if the runtime does not yet know that the socket is ready.
fn at_once<T>(
    stream: TcpStream,
    act: impl FnOnce(&mut net::TcpStream) -> io::Result<T>,
) -> io::Result<(TcpStream, T)> {
    let mut stream = stream.into_std()?;
    let done = act(&mut stream)?;
    Ok((TcpStream::from_std(stream)?, done))
}

/// Writes `response` and closes the connection, within `limit`.
pub(super) async fn respond(mut stream: TcpStream, response: &[u8], limit: Duration) {
    let responded = async {
        stream.write_all(response).await?;
        close(stream).await
    };
    // A browser that has disconnected does not need the response.
    let _gone = timeout(limit, responded).await;
}

/// Waits until the client has received its response and closes the connection.
async fn close(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let (mut buffer, mut ignored) = ([0; 512], 0);
    while ignored < MAX_IGNORED {
        match stream.read(&mut buffer).await? {
            0 => break,
            read => ignored += read,
        }
    }
    Ok(())
}
