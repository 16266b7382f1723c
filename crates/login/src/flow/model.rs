//! A model check: explores every order in which events can happen, and checks the invariants in each state.

use std::{
    collections::{HashSet, VecDeque},
    mem::{Discriminant, discriminant},
    time::Duration,
};

use openrouter_oauth::{
    ApiKeyGrant, CallbackError, Error, ExchangeAuthCode,
    models::{Endpoint as _, ServerText},
    transport::{self, ErrorKind},
};

use super::{CodeSource, EndReason, Flow, FlowEnd, FlowEvent, MAX_ATTEMPTS, NextStep, Phase, Turn};

/// A login and its environment. All codes are equal.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct World {
    flow: Flow<()>,
    in_flight: bool,
    /// How many times the current code was sent.
    sent: u8,
    /// Whether a key was created, or may have been.
    is_created: bool,
    ended: Option<Discriminant<FlowEnd>>,
}

/// The kind of a [`FlowEvent`], without its data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Code(CodeSource),
    Denied,
    AuthorizationFailed,
    NotACode,
    PromptUnavailable,
    InputEnded,
    Cancelled,
    TimedOut,
    Granted,
    Rejected,
    NotSent,
    /// The request failed on this machine, and would fail again.
    NotSentHere,
    TryLater,
    Failed,
    Paused,
    GraceOver,
}

const ALL: [Kind; 17] = [
    Kind::Code(CodeSource::Callback),
    Kind::Code(CodeSource::Paste),
    Kind::Denied,
    Kind::AuthorizationFailed,
    Kind::NotACode,
    Kind::PromptUnavailable,
    Kind::InputEnded,
    Kind::Cancelled,
    Kind::TimedOut,
    Kind::Granted,
    Kind::Rejected,
    Kind::NotSent,
    Kind::NotSentHere,
    Kind::TryLater,
    Kind::Failed,
    Kind::Paused,
    Kind::GraceOver,
];

/// The results of an exchange.
const RESULTS: [Kind; 6] =
    [Kind::Granted, Kind::Rejected, Kind::NotSent, Kind::NotSentHere, Kind::TryLater, Kind::Failed];

impl Kind {
    fn event(self) -> FlowEvent<()> {
        match self {
            Self::Code(source) => FlowEvent::Code(source, ()),
            Self::Denied => FlowEvent::Declined(CallbackError::Denied { description: None }),
            Self::AuthorizationFailed => FlowEvent::Declined(authorization_failed()),
            Self::NotACode => FlowEvent::NotACode(CallbackError::MissingCode),
            Self::PromptUnavailable => FlowEvent::PromptUnavailable,
            Self::InputEnded => FlowEvent::InputEnded,
            Self::Cancelled => FlowEvent::Cancelled,
            Self::TimedOut => FlowEvent::TimedOut,
            Self::Granted => FlowEvent::Granted(grant()),
            Self::NotSent => FlowEvent::NotSent(Error::NotSent(ErrorKind::Connect.into())),
            Self::NotSentHere => FlowEvent::NotSent(Error::NotSent(transport::Error::rejected("no proxy"))),
            // The flow does not inspect these errors.
            Self::Rejected => FlowEvent::Rejected(Error::MissingKey),
            Self::TryLater => FlowEvent::TryLater(Error::MissingKey, Duration::ZERO),
            Self::Failed => FlowEvent::Failed(Error::MissingKey),
            Self::Paused => FlowEvent::Paused,
            Self::GraceOver => FlowEvent::GraceOver,
        }
    }
}

fn authorization_failed() -> CallbackError {
    CallbackError::Failed { error: ServerText::new("server_error"), description: None }
}

fn grant() -> ApiKeyGrant {
    ExchangeAuthCode::decode(br#"{"key":"sk-or-v1-0e6f","user_id":null}"#).unwrap()
}

impl World {
    fn new(listens: bool, asks: bool) -> Self {
        let flow = Flow::new(listens, asks);
        Self { flow, in_flight: false, sent: 0, is_created: false, ended: None }
    }

    /// Returns whether an event can happen now. External events can happen at any time, even when it is too late for
    /// them.
    fn can(&self, kind: Kind) -> bool {
        match kind {
            Kind::Paused => self.pauses(),
            Kind::GraceOver => self.is_limited(),
            Kind::Code(CodeSource::Callback) => self.flow.listens,
            Kind::Code(CodeSource::Paste) | Kind::NotACode | Kind::PromptUnavailable | Kind::InputEnded => {
                self.flow.pastes_left > 0
            }
            Kind::Denied | Kind::AuthorizationFailed | Kind::Cancelled | Kind::TimedOut => true,
            Kind::Granted
            | Kind::Rejected
            | Kind::NotSent
            | Kind::NotSentHere
            | Kind::TryLater
            | Kind::Failed => self.in_flight,
        }
    }

    /// Returns the world after an event and the step that follows it.
    fn after(mut self, kind: Kind) -> Self {
        let was_waiting = self.flow.phase == Phase::Waiting;
        let step = self.flow.handle(kind.event());
        if self.ended.is_some() {
            assert!(matches!(step, NextStep::Continue), "{kind:?} after the end");
            return self;
        }
        if self.in_flight && RESULTS.contains(&kind) {
            self.in_flight = false;
            self.is_created |= matches!(kind, Kind::Granted | Kind::Failed);
        }
        if kind == Kind::Granted {
            assert!(matches!(step, NextStep::Turn(Turn::End(FlowEnd::Granted(_)))), "a key is lost");
        }
        match step {
            NextStep::Turn(Turn::Exchange(())) => {
                assert!(!self.in_flight, "two exchanges at a time");
                assert!(!self.is_created, "an exchange after one that may have created a key");
                self.in_flight = true;
                self.sent = if was_waiting { 1 } else { self.sent + 1 };
                assert!(self.sent <= MAX_ATTEMPTS, "a code was sent {} times", self.sent);
            }
            NextStep::Turn(Turn::Pause(_)) => {
                assert!(self.pauses() && !self.in_flight, "a pause during an exchange");
                assert_ne!(kind, Kind::NotSentHere, "a request that fails on this machine is sent again");
            }
            NextStep::LimitExchange(_) => {
                assert!(self.in_flight && self.is_limited(), "no exchange to limit");
            }
            NextStep::Turn(Turn::AskAgain(_)) => {
                assert!(self.flow.pastes_left > 0, "asked once too often");
                assert!(!self.is_created, "asked for a code after one that may have created a key");
            }
            NextStep::Turn(Turn::StopAsking(problem)) => {
                assert!(self.flow.listens, "no prompt and no listener");
                let is_lost = matches!(kind, Kind::Rejected | Kind::NotACode) && problem.is_none();
                assert!(!is_lost, "the problem with the last code is lost");
            }
            NextStep::Turn(Turn::End(end)) => {
                let is_abandoned = matches!(end, FlowEnd::ExchangeAbandoned(_));
                assert_eq!(is_abandoned, self.in_flight, "an abandoned exchange is not reported");
                let is_reported = matches!(end, FlowEnd::Granted(_) | FlowEnd::Failed(_));
                assert!(!self.is_created || is_reported, "a key that may have been created is not reported");
                self.in_flight = false;
                self.ended = Some(discriminant(&end));
            }
            NextStep::Continue => {}
        }
        self
    }

    /// Returns whether an exchange is in its extra time.
    fn is_limited(&self) -> bool {
        matches!(self.flow.phase, Phase::Exchanging { end_reason: Some(_), .. })
    }

    fn pauses(&self) -> bool {
        matches!(self.flow.phase, Phase::Pausing(_))
    }

    /// Returns how the login ends if nothing else happens before its timeouts.
    fn left_alone(self) -> Option<Discriminant<FlowEnd>> {
        let mut world = self;
        for kind in [Kind::TimedOut, Kind::GraceOver] {
            if world.can(kind) {
                world = world.after(kind);
            }
        }
        world.ended
    }
}

#[test]
fn every_order_of_events_has_one_winner_and_an_end() {
    // L-12, P-6
    for (listens, asks) in [(true, true), (true, false), (false, true)] {
        let first = World::new(listens, asks);
        let (mut seen, mut queue) = (HashSet::from([first]), VecDeque::from([first]));
        let mut ends = HashSet::new();
        while let Some(world) = queue.pop_front() {
            assert!(world.left_alone().is_some(), "the login hangs: {world:?}");
            ends.extend(world.ended);
            let can_continue = world.flow.has_input() || world.in_flight || world.pauses();
            assert!(world.ended.is_some() || can_continue, "the login waits for nothing: {world:?}");
            for kind in ALL.into_iter().filter(|kind| world.can(*kind)) {
                let next = world.after(kind);
                if seen.insert(next) {
                    queue.push_back(next);
                }
            }
        }
        let mut expected = vec![
            FlowEnd::Granted(grant()),
            FlowEnd::Failed(Error::MissingKey),
            FlowEnd::Denied { description: None },
            FlowEnd::AuthorizationFailed(authorization_failed()),
            FlowEnd::Cancelled,
            FlowEnd::TimedOut(None),
            FlowEnd::ExchangeAbandoned(EndReason::Cancelled),
        ];
        if asks {
            expected.push(FlowEnd::InputEnded);
        }
        if !listens {
            expected.extend([FlowEnd::NotACode(CallbackError::MissingCode), FlowEnd::NoInput]);
        }
        assert_eq!(ends, expected.iter().map(discriminant).collect(), "listens: {listens}, asks: {asks}");
        assert!(seen.len() > 20, "only {} states", seen.len());
    }
}
