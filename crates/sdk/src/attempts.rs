//! Sends as often as is safe, under one deadline.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use openrouter_oauth_models::{Endpoint, Resend};
use openrouter_oauth_transport::{self as transport, ErrorKind, Limits, Timer};

use crate::{
    Error, Retry,
    call::{Deadline, Options},
    client::Shared,
    client_builder::NO_TIMER,
    outgoing::Outgoing,
    retry_after::retry_after,
};

/// The attempts of one call, under one deadline.
pub(crate) struct Attempts<'a> {
    shared: &'a Shared,
    timeout: Option<Duration>,
    retry: Retry,
    resend: Resend,
    started: Option<Instant>,
}

pub(crate) type Reply = Result<Response<Bytes>, transport::Error>;

impl<'a> Attempts<'a> {
    /// Begins a call of `E`: from now on its time runs.
    pub(crate) fn of<E: Endpoint>(shared: &'a Shared, options: &Options) -> Result<Self, Error> {
        if shared.timer.is_none() && matches!(options.deadline, Deadline::After(_)) {
            return Err(NO_TIMER.into());
        }
        Ok(Self {
            shared,
            timeout: match options.deadline {
                Deadline::OfClient => shared.timeout,
                Deadline::After(timeout) => Some(timeout),
                Deadline::None => None,
            },
            retry: options.retry.unwrap_or(shared.retry),
            resend: E::RESEND,
            started: shared.timer.as_ref().map(Timer::now),
        })
    }

    /// Sends until there is an answer to keep, and says how many attempts that took.
    pub(crate) async fn run(&self, outgoing: &Outgoing<'_>) -> Result<(u32, Reply), Error> {
        let mut made = 0;
        // The last reply to a request that may have arrived. A later one that was not sent must not hide it.
        let mut arrived = None;
        loop {
            let request = outgoing.request()?;
            let reply = self.attempt(request).await;
            made += 1;
            let wait = self.wait_before_next(&reply, made);
            let kept = match reply {
                Err(error) if !error.may_have_been_sent() => arrived.take().unwrap_or(Err(error)),
                reply => reply,
            };
            match (wait, &self.shared.timer) {
                (Some(wait), Some(timer)) => timer.sleep(wait).await,
                _ => return Ok((made, kept)),
            }
            arrived = may_have_arrived(&kept).then_some(kept);
        }
    }

    async fn attempt(&self, request: Request<Bytes>) -> Reply {
        let remaining = self.remaining();
        if remaining == Some(Duration::ZERO) {
            return Err(transport::Error::from(ErrorKind::Timeout).not_sent());
        }
        let limits = Limits::default().timeout(remaining).response_bytes(self.shared.response_bytes);
        let sent = self.shared.transport.send(request, limits);
        // The transport holds this limit too; a careless one must not hang the call (C-12).
        let response = self.race(sent, remaining).await.unwrap_or_else(|| Err(ErrorKind::Timeout.into()))?;
        if response.body().len() > self.shared.response_bytes {
            return Err(ErrorKind::TooLarge.into());
        }
        Ok(response)
    }

    /// How long to wait before the request may be sent again; none if it may not.
    fn wait_before_next(&self, reply: &Reply, made: u32) -> Option<Duration> {
        let may_resend = self.resend == Resend::Always;
        let asked = match reply {
            Err(error) if !error.may_have_been_sent() => match error.kind() {
                ErrorKind::Connect | ErrorKind::Io | ErrorKind::Proxy => None,
                // An untrusted certificate, a refused URL, a deadline: the next try would end the same.
                _ => return None,
            },
            Err(error) if may_resend && error.kind() == ErrorKind::Io => None,
            Ok(response) if may_resend && is_passing(response.status()) => retry_after(response.headers()),
            _ => return None,
        };
        if !self.retry.allows(made) {
            return None;
        }
        let wait = asked.unwrap_or_else(|| self.retry.wait_after(made, &*self.shared.entropy));
        // A wait that ends after the deadline could only lose the answer at hand.
        self.remaining().is_none_or(|remaining| wait < remaining).then_some(wait)
    }

    /// What is left of the time for the whole call.
    fn remaining(&self) -> Option<Duration> {
        match (&self.shared.timer, self.started, self.timeout) {
            (Some(timer), Some(started), Some(timeout)) => {
                Some(timeout.saturating_sub(timer.now().saturating_duration_since(started)))
            }
            _ => self.timeout,
        }
    }

    /// Awaits `preparation` under the deadline. Nothing is sent while it runs.
    pub(crate) async fn within<T>(&self, preparation: impl Future<Output = T>) -> Result<T, Error> {
        let timeout = || Error::NotSent(transport::Error::from(ErrorKind::Timeout).not_sent());
        self.race(preparation, self.timeout).await.ok_or_else(timeout)
    }

    /// Awaits `future`; none if `limit` passes first. Without a timer there is no limit but the transport's own.
    async fn race<T>(&self, future: impl Future<Output = T>, limit: Option<Duration>) -> Option<T> {
        let (Some(timer), Some(limit)) = (&self.shared.timer, limit) else {
            return Some(future.await);
        };
        let mut future = pin!(future);
        let mut sleep = None;
        poll_fn(|context| {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                return Poll::Ready(Some(value));
            }
            // Made late: what is ready at once needs no timer.
            let sleep = sleep.get_or_insert_with(|| timer.sleep(limit));
            sleep.as_mut().poll(context).map(|()| None)
        })
        .await
    }
}

fn may_have_arrived(reply: &Reply) -> bool {
    reply.as_ref().map_or_else(transport::Error::may_have_been_sent, |_| true)
}

/// Whether a status may pass: the same read may succeed later.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 421 | 425 | 429 | 500..)
}
