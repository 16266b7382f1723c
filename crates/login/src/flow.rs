//! The decisions of a login, without any I/O: which code wins, and when the login is over.
//!
//! A code arrives in the browser's callback or is pasted by the user, and a login can end in several ways. [`Flow`]
//! takes one event at a time and returns the next step. It never runs two exchanges at once, and starts no other after
//! an exchange that may have created a key. Every state has a way to end the login.

use std::{fmt, mem, time::Duration};

use openrouter_oauth::{ApiKeyGrant, CallbackError, Error, models::ServerText};

/// How a code arrived.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum CodeSource {
    Callback,
    Paste,
}

/// An event that the flow handles. `C` is a code.
#[derive(Debug)]
pub(crate) enum FlowEvent<C> {
    /// A code arrived.
    Code(CodeSource, C),
    /// The callback or the pasted address has an error instead of a code.
    Declined(CallbackError),
    /// The pasted text is not a code.
    NotACode(CallbackError),
    /// The prompt cannot ask for a code.
    PromptUnavailable,
    /// The user ended the input.
    InputEnded,
    /// The login was cancelled.
    Cancelled,
    /// The login has timed out.
    TimedOut,
    /// The exchange returned a key.
    Granted(ApiKeyGrant),
    /// OpenRouter rejected the code. The sign-in can still exchange another one.
    Rejected(Error),
    /// The request was not sent, so the code is still valid.
    NotSent(Error),
    /// OpenRouter asks the login to wait this long. The code is most likely still valid.
    TryLater(Error, Duration),
    /// The exchange failed in another way, or its outcome is unknown.
    Failed(Error),
    /// The pause before a retry is over.
    Paused,
    /// The running exchange has used up the extra time that it got when the login had to end.
    GraceOver,
}

/// The result of handling an event.
#[derive(Debug)]
pub(crate) enum NextStep<C> {
    /// Continue as before.
    Continue,
    /// Give the running exchange only a little more time.
    LimitExchange(EndReason),
    /// Switch to another activity.
    Turn(Turn<C>),
}

/// The next activity of the login.
#[derive(Debug)]
pub(crate) enum Turn<C> {
    /// Exchange this code.
    Exchange(C),
    /// Ask for a code again, and show what was wrong with the last one.
    AskAgain(PasteProblem),
    /// Stop asking, because of this problem with the last code or because the prompt is unavailable. The callback can
    /// still arrive.
    StopAsking(Option<PasteProblem>),
    /// Wait this long, then exchange the same code again.
    Pause(Duration),
    /// Finish.
    End(FlowEnd),
}

/// The problem with a pasted code.
#[derive(Debug)]
pub(crate) enum PasteProblem {
    NotACode(CallbackError),
    Rejected(Error),
}

/// The reason why a login must end while it exchanges a code.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum EndReason {
    Cancelled,
    TimedOut,
}

/// How a login ended.
#[derive(Debug)]
pub(crate) enum FlowEnd {
    /// With a key.
    Granted(ApiKeyGrant),
    /// With the error of the exchange.
    Failed(Error),
    /// The user declined.
    Denied { description: Option<ServerText> },
    /// OpenRouter could not authorize the sign-in.
    AuthorizationFailed(CallbackError),
    /// The last pasted text was not a code, and no callback can arrive.
    NotACode(CallbackError),
    /// No code can arrive.
    NoInput,
    /// The user ended the input.
    InputEnded,
    /// The login was cancelled, and no exchange was running.
    Cancelled,
    /// The login timed out, and no exchange was running or the running exchange failed with this error.
    TimedOut(Option<Error>),
    /// The login abandoned a running exchange, so a key may have been created.
    ExchangeAbandoned(EndReason),
}

/// The state of a login.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Flow<C> {
    phase: Phase<C>,
    /// Whether a callback can arrive.
    listens: bool,
    /// How many more times a code can be pasted; 0 without a prompt.
    pastes_left: u8,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Phase<C> {
    Waiting,
    Exchanging {
        candidate: Candidate<C>,
        /// Why the login must end, if it must.
        end_reason: Option<EndReason>,
    },
    /// Waiting to exchange the same code again.
    Pausing(Candidate<C>),
    Over,
}

/// The current code.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Candidate<C> {
    code: C,
    source: CodeSource,
    /// How many more attempts to exchange it are allowed.
    attempts_left: u8,
}

/// How many codes a user may paste.
const MAX_PASTES: u8 = 3;

/// How many attempts to exchange one code are allowed, if the service did not process the earlier ones.
const MAX_ATTEMPTS: u8 = 3;

impl<C: Clone> Flow<C> {
    /// Creates a flow that waits for a callback if it `listens`, and for a pasted code if it `asks`.
    pub(crate) fn new(listens: bool, asks: bool) -> Self {
        Self { phase: Phase::Waiting, listens, pastes_left: if asks { MAX_PASTES } else { 0 } }
    }

    /// Returns whether a code can arrive.
    pub(crate) fn has_input(&self) -> bool {
        self.listens || self.pastes_left > 0
    }

    /// Handles an event, and returns what to do next.
    pub(crate) fn handle(&mut self, event: FlowEvent<C>) -> NextStep<C> {
        // If the event ends the login, the phase stays `Over`.
        match mem::replace(&mut self.phase, Phase::Over) {
            Phase::Waiting => self.handle_waiting(event),
            Phase::Exchanging { candidate, end_reason } => {
                self.handle_exchanging(event, candidate, end_reason)
            }
            Phase::Pausing(candidate) => self.handle_pausing(&event, candidate),
            Phase::Over => NextStep::Continue,
        }
    }

    fn handle_waiting(&mut self, event: FlowEvent<C>) -> NextStep<C> {
        match event {
            FlowEvent::Code(source, code) => {
                let attempts_left = MAX_ATTEMPTS;
                self.exchange(Candidate { code, source, attempts_left })
            }
            FlowEvent::Declined(CallbackError::Denied { description }) => {
                end(FlowEnd::Denied { description })
            }
            FlowEvent::Declined(error) => end(FlowEnd::AuthorizationFailed(error)),
            FlowEvent::NotACode(error) => match self.use_up_paste() {
                PasteBudget::Left => self.wait(Turn::AskAgain(PasteProblem::NotACode(error))),
                PasteBudget::UsedUp => self.wait(Turn::StopAsking(Some(PasteProblem::NotACode(error)))),
                PasteBudget::NoInputLeft => end(FlowEnd::NotACode(error)),
            },
            FlowEvent::PromptUnavailable => {
                self.pastes_left = 0;
                if self.listens { self.wait(Turn::StopAsking(None)) } else { end(FlowEnd::NoInput) }
            }
            FlowEvent::InputEnded => end(FlowEnd::InputEnded),
            FlowEvent::Cancelled => end(FlowEnd::Cancelled),
            FlowEvent::TimedOut => end(FlowEnd::TimedOut(None)),
            FlowEvent::Granted(_)
            | FlowEvent::Rejected(_)
            | FlowEvent::NotSent(_)
            | FlowEvent::TryLater(..)
            | FlowEvent::Failed(_)
            | FlowEvent::Paused
            | FlowEvent::GraceOver => {
                self.phase = Phase::Waiting;
                NextStep::Continue
            }
        }
    }

    fn handle_exchanging(
        &mut self,
        event: FlowEvent<C>,
        candidate: Candidate<C>,
        end_reason: Option<EndReason>,
    ) -> NextStep<C> {
        match (event, end_reason) {
            // A key is never discarded, however late it arrives.
            (FlowEvent::Granted(grant), _) => end(FlowEnd::Granted(grant)),
            (FlowEvent::Rejected(error), None) if candidate.source == CodeSource::Paste => {
                match self.use_up_paste() {
                    PasteBudget::Left => self.wait(Turn::AskAgain(PasteProblem::Rejected(error))),
                    PasteBudget::UsedUp => self.wait(Turn::StopAsking(Some(PasteProblem::Rejected(error)))),
                    PasteBudget::NoInputLeft => end(FlowEnd::Failed(error)),
                }
            }
            (FlowEvent::NotSent(error), None) if candidate.attempts_left > 0 && error.is_retryable() => {
                self.pause(candidate, RETRY_PAUSE)
            }
            (FlowEvent::TryLater(_, wait), None) if candidate.attempts_left > 0 => {
                self.pause(candidate, wait)
            }
            (FlowEvent::Failed(error), _)
            | (
                FlowEvent::Rejected(error) | FlowEvent::NotSent(error) | FlowEvent::TryLater(error, _),
                None,
            ) => end(FlowEnd::Failed(error)),
            (
                FlowEvent::Rejected(error) | FlowEvent::NotSent(error) | FlowEvent::TryLater(error, _),
                Some(end_reason),
            ) => end(match end_reason {
                EndReason::Cancelled => FlowEnd::Cancelled,
                EndReason::TimedOut => FlowEnd::TimedOut(Some(error)),
            }),
            (FlowEvent::GraceOver, Some(end_reason)) => end(FlowEnd::ExchangeAbandoned(end_reason)),
            // A user who cancels twice does not want to wait for the exchange.
            (FlowEvent::Cancelled, Some(reason @ EndReason::Cancelled)) => {
                end(FlowEnd::ExchangeAbandoned(reason))
            }
            (FlowEvent::Cancelled, _) => self.limit_exchange(candidate, EndReason::Cancelled),
            (FlowEvent::TimedOut, None) => self.limit_exchange(candidate, EndReason::TimedOut),
            // The first code wins. Every other code is too late.
            _ => {
                self.phase = Phase::Exchanging { candidate, end_reason };
                NextStep::Continue
            }
        }
    }

    fn handle_pausing(&mut self, event: &FlowEvent<C>, candidate: Candidate<C>) -> NextStep<C> {
        match event {
            FlowEvent::Paused => self.exchange(candidate),
            FlowEvent::Cancelled => end(FlowEnd::Cancelled),
            FlowEvent::TimedOut => end(FlowEnd::TimedOut(None)),
            _ => {
                self.phase = Phase::Pausing(candidate);
                NextStep::Continue
            }
        }
    }

    fn wait(&mut self, turn: Turn<C>) -> NextStep<C> {
        self.phase = Phase::Waiting;
        NextStep::Turn(turn)
    }

    fn exchange(&mut self, mut candidate: Candidate<C>) -> NextStep<C> {
        candidate.attempts_left = candidate.attempts_left.saturating_sub(1);
        let code = candidate.code.clone();
        self.phase = Phase::Exchanging { candidate, end_reason: None };
        NextStep::Turn(Turn::Exchange(code))
    }

    fn pause(&mut self, candidate: Candidate<C>, wait: Duration) -> NextStep<C> {
        self.phase = Phase::Pausing(candidate);
        NextStep::Turn(Turn::Pause(wait))
    }

    fn limit_exchange(&mut self, candidate: Candidate<C>, end_reason: EndReason) -> NextStep<C> {
        self.phase = Phase::Exchanging { candidate, end_reason: Some(end_reason) };
        NextStep::LimitExchange(end_reason)
    }

    /// Counts a pasted text that was not a code, or a pasted code that was rejected.
    fn use_up_paste(&mut self) -> PasteBudget {
        self.pastes_left = self.pastes_left.saturating_sub(1);
        match (self.pastes_left, self.listens) {
            (0, true) => PasteBudget::UsedUp,
            (0, false) => PasteBudget::NoInputLeft,
            _ => PasteBudget::Left,
        }
    }
}

fn end<C>(end: FlowEnd) -> NextStep<C> {
    NextStep::Turn(Turn::End(end))
}

/// Whether the user can paste another code.
enum PasteBudget {
    Left,
    /// No, but a callback can arrive.
    UsedUp,
    /// No, and no callback can arrive.
    NoInputLeft,
}

/// The pause before a retry, if the service does not set one.
pub(crate) const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// Formats the problem for the user.
impl fmt::Display for PasteProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotACode(error) => error.fmt(f),
            Self::Rejected(error) => {
                f.write_str("this code was rejected")?;
                let message = error.api().map(|api| api.message().as_str()).filter(|text| !text.is_empty());
                message.map_or(Ok(()), |message| write!(f, "; OpenRouter: {message}"))
            }
        }
    }
}

#[cfg(test)]
mod model;
