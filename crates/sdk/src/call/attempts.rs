//! The attempts of a call: when to resend its request, and how long to wait first.

use std::{future::Future, ops::ControlFlow, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth_models::{Auth, Endpoint, Resend};
use openrouter_oauth_transport::{self as transport, ErrorKind, Instant, Limits, SleepFuture, Timer, within};

use super::{
    options::{Deadline, Options},
    reply::{NoResponse, Reply, is_turned_away, is_unknown},
    request::CallRequest,
    retry::Retry,
    retry_after::{CODE_LIFETIME, RetryAfter},
};
use crate::{
    config::{Config, NO_TIMER},
    error::Error,
    hook::Attempt,
};

/// The longest `Retry-After` that a call waits for.
const LONGEST_WAIT: Duration = CODE_LIFETIME;

/// How much doubt a reply leaves about whether the service acted.
#[derive(PartialEq, PartialOrd)]
enum Doubt {
    None,
    /// The response is not OpenRouter's, and may have replaced OpenRouter's own.
    Foreign,
    /// The outcome is unknown.
    Unknown,
}

/// The attempts of one call, under one deadline.
pub(crate) struct Attempts<'a> {
    config: &'a Config,
    operation: &'static str,
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    retry: &'a Retry,
    is_idempotent: bool,
    may_resend: bool,
    started: Option<Instant>,
    /// Whether nothing that takes time comes before the first attempt: no source of the key, and no hook.
    starts_at_once: bool,
}

impl<'a> Attempts<'a> {
    /// Begins a call to `E`, and starts its clock.
    pub(crate) fn new<E: Endpoint>(config: &'a Config, options: &'a Options) -> Result<Self, Error> {
        let has_limit = matches!(options.deadline, Deadline::After(_)) || options.attempt_timeout.is_some();
        if config.timer.is_none() && has_limit {
            return Err(NO_TIMER.into());
        }
        let retry = options.retry.as_ref().unwrap_or(&config.retry);
        Ok(Self {
            config,
            operation: E::OPERATION,
            timeout: match options.deadline {
                Deadline::Client => config.timeout,
                Deadline::After(timeout) => Some(timeout),
                Deadline::None => None,
            },
            attempt_timeout: options.attempt_timeout.or(config.attempt_timeout),
            retry,
            is_idempotent: E::RESEND == Resend::Always,
            may_resend: E::RESEND == Resend::Always || retry.resends_unknown(),
            started: config.timer.as_ref().map(Timer::now),
            starts_at_once: E::AUTH == Auth::None && config.hooks.is_empty(),
        })
    }

    /// Sends the request until a reply is final. Returns that reply and the number of attempts. `is_foreign` returns
    /// whether an error response is not OpenRouter's.
    pub(crate) async fn run(
        &self,
        request: &CallRequest<'_>,
        is_foreign: impl Fn(&Response<Bytes>) -> bool,
    ) -> (u32, Reply) {
        let mut attempts = 0;
        // Boxed, because few calls have one, but the future of every call has room for it.
        let mut unsettled: Option<Box<Reply>> = None;
        loop {
            attempts += 1;
            let reply = self.attempt(request, Attempt::new(self.operation, attempts)).await;
            match self.next_step(reply, attempts, &mut unsettled, &is_foreign) {
                ControlFlow::Break(reply) => return (attempts, reply),
                ControlFlow::Continue(wait) => wait.await,
            }
        }
    }

    /// Returns the result of the call, or the wait before its next attempt. `unsettled` is an earlier reply that a
    /// later one must not hide, because the service may have acted on its request.
    fn next_step(
        &self,
        reply: Reply,
        attempts: u32,
        unsettled: &mut Option<Box<Reply>>,
        is_foreign: impl Fn(&Response<Bytes>) -> bool,
    ) -> ControlFlow<Reply, SleepFuture> {
        let wait = self.wait_before_next(&reply, attempts);
        let kept = match unsettled.take() {
            Some(unsettled) if !self.settles(&reply, &unsettled, &is_foreign) => *unsettled,
            _ => reply,
        };
        let (Some(wait), Some(timer)) = (wait, &self.config.timer) else {
            return ControlFlow::Break(kept);
        };
        *unsettled = (self.doubt(&kept, &is_foreign) > Doubt::None).then(|| Box::new(kept));
        ControlFlow::Continue(timer.sleep(wait))
    }

    /// Returns whether the service may have acted. The reply then stays the result until a later one settles the
    /// question.
    fn doubt(&self, reply: &Reply, is_foreign: impl Fn(&Response<Bytes>) -> bool) -> Doubt {
        match reply {
            Ok(_) if self.is_idempotent => Doubt::Unknown,
            Ok(response) if is_unknown(response.status(), response.headers()) => Doubt::Unknown,
            Ok(response) if !is_turned_away(response.status()) && is_foreign(response) => Doubt::Foreign,
            Err(error) if error.may_have_been_sent() => Doubt::Unknown,
            Ok(_) | Err(_) => Doubt::None,
        }
    }

    /// Returns whether the reply takes the place of an earlier one. If the operation is not idempotent, only a success
    /// settles the question, or a reply that leaves more doubt.
    fn settles(&self, reply: &Reply, earlier: &Reply, is_foreign: impl Fn(&Response<Bytes>) -> bool) -> bool {
        match reply {
            Ok(response) if self.is_idempotent || response.status().is_success() => true,
            Err(error) if self.is_idempotent => error.may_have_been_sent(),
            reply => self.doubt(reply, &is_foreign) > self.doubt(earlier, &is_foreign),
        }
    }

    /// Makes one attempt, and calls the hooks before and after it.
    async fn attempt(&self, request: &CallRequest<'_>, attempt: Attempt) -> Reply {
        let hooks = &self.config.hooks;
        let request = self.prepare(request, &attempt)?;
        let watch = hooks.watch(attempt);
        let limits = self.limits(&attempt);
        let response = if limits.timeout == Some(Duration::ZERO) {
            Err(transport::Error::from(ErrorKind::Timeout).not_sent())
        } else {
            let sent = self.config.transport.send(request, limits);
            // Every transport should enforce the limits, but one that does not must not block the call forever.
            let timeout = limits.timeout.filter(|_| !self.config.transport_enforces_timeout());
            match self.race(sent, timeout).await {
                Some(Ok(response)) if response.body().len() > limits.response_bytes => {
                    Err(transport::Error::from(ErrorKind::TooLarge).with_status(response.status()))
                }
                Some(response) => response,
                None => Err(ErrorKind::Timeout.into()),
            }
        };
        match &response {
            Ok(response) => hooks.after_response(&attempt, response.status(), response.headers()),
            Err(error) => hooks.after_error(&attempt, error),
        }
        // Only now, because a hook that panics loses the response.
        watch.disarm();
        response.map_err(NoResponse::Transport)
    }

    /// Returns the request of an attempt, with the changes of the hooks.
    fn prepare(&self, request: &CallRequest<'_>, attempt: &Attempt) -> Result<Request<Bytes>, NoResponse> {
        let hooks = &self.config.hooks;
        let mut headers = request.headers();
        if let Err(error) = hooks.before_attempt(attempt, &mut headers) {
            hooks.after_error(attempt, &*error);
            return Err(NoResponse::HookRejected(error));
        }
        Ok(request.http_request(headers))
    }

    /// Returns the limits of an attempt that starts now.
    fn limits(&self, attempt: &Attempt) -> Limits {
        let is_at_start = self.starts_at_once && attempt.number() == 1;
        let elapsed = if is_at_start { Duration::ZERO } else { self.elapsed() };
        let timeout = self.remaining(elapsed).into_iter().chain(self.attempt_timeout).min();
        Limits::default().timeout(timeout).response_bytes(self.config.response_bytes)
    }

    /// Returns how long to wait before sending the request again, or `None` if the reply is final.
    fn wait_before_next(&self, reply: &Reply, attempts: u32) -> Option<Duration> {
        let requested_wait = match reply {
            Ok(response) => {
                if response.status().is_success() {
                    self.config.budget.earn(attempts);
                }
                if !self.may_resend || !self.retry.allows_status(response.status()) {
                    return None;
                }
                RetryAfter::read(response.headers()).map(|asked| asked.wait(|| self.config.system_time()))
            }
            Err(NoResponse::HookRejected(_)) => return None,
            Err(NoResponse::Transport(error)) if !self.may_retry(error) => return None,
            Err(NoResponse::Transport(_)) => None,
        };
        let elapsed = self.elapsed();
        if !self.retry.allows(attempts, elapsed) {
            return None;
        }
        if requested_wait.is_some_and(|wait| wait > LONGEST_WAIT) {
            return None;
        }
        let wait = requested_wait.unwrap_or_else(|| self.retry.wait_after(attempts, &*self.config.entropy));
        // If the wait outlasts the deadline, return this reply now rather than a timeout later.
        let is_in_time = self.remaining(elapsed).is_none_or(|remaining| wait < remaining);
        (is_in_time && self.config.budget.take()).then_some(wait)
    }

    fn may_retry(&self, error: &transport::Error) -> bool {
        if let Some(status) = error.status().filter(|status| !status.is_success()) {
            return self.may_resend && self.retry.allows_status(status);
        }
        let unsent = !error.may_have_been_sent();
        match error.kind() {
            ErrorKind::Connect | ErrorKind::Proxy => unsent && self.retry.allows_connection_errors(),
            ErrorKind::Io => (unsent || self.may_resend) && self.retry.allows_connection_errors(),
            // Without an attempt timeout, too little time is left for another attempt.
            ErrorKind::Timeout => (unsent || self.may_resend) && self.attempt_timeout.is_some(),
            // A retry would fail again: for example, an untrusted certificate or too large a response.
            _ => false,
        }
    }

    /// Returns how long the call has taken, or zero without a timer.
    fn elapsed(&self) -> Duration {
        match (&self.config.timer, self.started) {
            (Some(timer), Some(started)) => timer.now().saturating_duration_since(started),
            _ => Duration::ZERO,
        }
    }

    /// Returns how much time the whole call has left, if it has a deadline.
    fn remaining(&self, elapsed: Duration) -> Option<Duration> {
        self.timeout.map(|timeout| timeout.saturating_sub(elapsed))
    }

    /// Awaits `preparation`, which sends nothing, under the deadline.
    pub(crate) async fn within<T>(&self, preparation: impl Future<Output = T>) -> Result<T, Error> {
        let timeout = || Error::NotSent(transport::Error::from(ErrorKind::Timeout).not_sent());
        self.race(preparation, self.timeout).await.ok_or_else(timeout)
    }

    /// Awaits `future`. Returns `None` if `limit` passes first. Without a timer, only the transport enforces a limit.
    async fn race<T>(&self, future: impl Future<Output = T>, limit: Option<Duration>) -> Option<T> {
        let (Some(timer), Some(limit)) = (&self.config.timer, limit) else {
            return Some(future.await);
        };
        within(&**timer, limit, future).await
    }
}
