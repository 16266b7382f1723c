//! The connections that are open.

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
    RejectedRequest,
    request_head::{Conversation, Step},
};

/// Those who are listened to, and those who are answered. Dropping this closes all of them.
pub(super) struct Connections {
    /// Oldest first.
    guests: VecDeque<Guest>,
    /// Those who had said all when they had to make room.
    heard: VecDeque<Heard>,
    answering: JoinSet<()>,
    /// The tasks of `answering`, oldest first.
    answered: VecDeque<AbortHandle>,
    buffer: Buffer,
}

/// Somebody who has said all there is to say, and waits for an answer.
pub(super) struct Heard {
    pub(super) stream: TcpStream,
    /// A whole head, or why there will be none.
    pub(super) said: Result<Conversation, RejectedRequest>,
}

/// Somebody who has not said all.
struct Guest {
    stream: TcpStream,
    conversation: Conversation,
    deadline: Pin<Box<Sleep>>,
}

type Buffer = Zeroizing<[u8; 1024]>;

/// How many may be open at once (L-14).
const MAX_OPEN: usize = 32;

/// How long a stray gets to take its answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// After an answer so much is still read, so that the connection is not reset under the page.
const MAX_IGNORED: usize = 64 * 1024;

impl Connections {
    pub(super) fn new() -> Self {
        Self {
            guests: VecDeque::new(),
            heard: VecDeque::new(),
            answering: JoinSet::new(),
            answered: VecDeque::new(),
            buffer: Zeroizing::new([0; 1024]),
        }
    }

    /// Listens to one more. If there are too many, somebody makes room: one who has an answer and does not go away, or else
    /// the oldest of those who have not said all, and that is told.
    ///
    /// The newest is not the one to drop: who opens many slow ones would keep the browser out.
    pub(super) fn listen(&mut self, stream: TcpStream) -> Option<RejectedRequest> {
        self.answered.retain(|task| !task.is_finished());
        let mut dropped = None;
        if self.guests.len() + self.answered.len() >= MAX_OPEN {
            if let Some(task) = self.answered.pop_front() {
                task.abort();
            } else if let Some(guest) = self.guests.pop_front() {
                match guest.finish(&mut self.buffer) {
                    Some(heard) => self.heard.push_back(heard),
                    None => dropped = Some(RejectedRequest::Dropped),
                }
            }
        }
        self.guests.push_back(Guest::new(stream));
        dropped
    }

    /// Answers, and closes.
    pub(super) fn answer(&mut self, stream: TcpStream, response: &[u8]) {
        // All of it fits into the socket, and arrives even if this one has to make room.
        let written = at_once(stream, |stream| stream.write_all(response));
        if let Ok((stream, ())) = written {
            let hanging_up = async { drop(timeout(PATIENCE, hang_up(stream)).await) };
            self.answered.push_back(self.answering.spawn(hanging_up));
        }
    }

    /// Waits for the next who has said all. Nothing is lost if this is dropped.
    pub(super) async fn heard(&mut self) -> Heard {
        poll_fn(|context| self.poll_heard(context)).await
    }

    fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<Heard> {
        while let Poll::Ready(Some(_)) = self.answering.poll_join_next(context) {}
        if let Some(heard) = self.heard.pop_front() {
            return Poll::Ready(heard);
        }
        let mut place = 0;
        while let Some(guest) = self.guests.get_mut(place) {
            let Poll::Ready(step) = guest.poll(context, &mut self.buffer) else {
                place += 1;
                continue;
            };
            if let Some(heard) = self.guests.remove(place).and_then(|guest| guest.into_heard(step)) {
                return Poll::Ready(heard);
            }
        }
        Poll::Pending
    }
}

impl Guest {
    fn new(stream: TcpStream) -> Self {
        let conversation = Conversation::new(Instant::now().into_std());
        let deadline = Box::pin(sleep_until(Instant::from_std(conversation.deadline())));
        Self { stream, conversation, deadline }
    }

    /// Listens until all is said.
    fn poll(&mut self, context: &mut Context<'_>, buffer: &mut Buffer) -> Poll<Step> {
        loop {
            let mut buffer = ReadBuf::new(&mut buffer[..]);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(Step::Close),
                Poll::Pending => ready!(self.deadline.as_mut().poll(context)),
            }
            match self.conversation.receive(buffer.filled(), Instant::now().into_std()) {
                Step::More => {}
                step => return Poll::Ready(step),
            }
        }
    }

    /// Listens to what has arrived and was not heard of, since the runtime may be late. None if that is not all.
    fn finish(self, buffer: &mut Buffer) -> Option<Heard> {
        let Self { stream, mut conversation, deadline } = self;
        let listened = at_once(stream, |stream| {
            loop {
                let read = stream.read(&mut buffer[..])?;
                let bytes = buffer.get(..read).unwrap_or_default();
                match conversation.receive(bytes, Instant::now().into_std()) {
                    Step::More => {}
                    step => return Ok(step),
                }
            }
        });
        let (stream, step) = listened.ok()?;
        Self { stream, conversation, deadline }.into_heard(step)
    }

    fn into_heard(self, step: Step) -> Option<Heard> {
        let said = match step {
            Step::Whole => Ok(self.conversation),
            Step::Refuse(stray) => Err(stray),
            Step::More | Step::Close => return None,
        };
        Some(Heard { stream: self.stream, said })
    }
}

/// Does something that needs no waiting with the socket itself, whatever the runtime knows of it yet.
fn at_once<T>(
    stream: TcpStream,
    act: impl FnOnce(&mut net::TcpStream) -> io::Result<T>,
) -> io::Result<(TcpStream, T)> {
    let mut stream = stream.into_std()?;
    let done = act(&mut stream)?;
    Ok((TcpStream::from_std(stream)?, done))
}

/// Writes `response` and closes, but takes no longer than `patience`.
pub(super) async fn answer(mut stream: TcpStream, response: &[u8], patience: Duration) {
    let answered = async {
        stream.write_all(response).await?;
        hang_up(stream).await
    };
    // Whoever has gone away does so on their own account (F48).
    let _gone = timeout(patience, answered).await;
}

/// Waits until the other side has read its answer and goes away.
async fn hang_up(mut stream: TcpStream) -> io::Result<()> {
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
