//! Who wins, and when it is over: the decisions of a login, without any I/O.
//!
//! A login has two ways to a code, the browser that comes back and the user who pastes, and several ends. Everything
//! that happens goes in here, one thing after another, and what is to be done comes out. There is one exchange at a
//! time, none after one that may have made a key, and every state has a way out (L-12, P-6).

/// How a code came.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Way {
    /// The browser brought it.
    Callback,
    /// The user pasted it.
    Paste,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Happened {
    /// A code came.
    Code(Way),
    /// The callback, or what was pasted, says that there will be no code.
    Declined,
    /// What was pasted is not a code.
    Misread,
    /// There is nobody who could paste.
    NobodyAsked,
    /// The user ended the input, or somebody cancelled the login.
    Cancelled,
    /// The time of the login is over.
    TimeUp,
    /// The exchange brought a key.
    Granted,
    /// The code was refused; the transaction is as it was.
    Refused,
    /// Nothing was sent; the code is still good.
    NotSent,
    /// The service asks to wait; the code is most likely still good.
    TryLater,
    /// The exchange failed otherwise, or nobody knows what came of it.
    Failed,
    /// The pause before another try is over.
    Paused,
    /// The grace for an exchange after the login was to end is over.
    GraceOver,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Step {
    /// Go on as before.
    GoOn,
    /// Exchange the code that came.
    Exchange,
    /// Ask for another code.
    AskAgain,
    /// Ask no more; the browser can still come back.
    AskNoMore,
    /// Wait, then exchange the same code once more.
    Pause,
    /// Give the exchange that runs a little more time, then end in this way.
    HurryUp(End),
    /// It is over.
    End(End),
}

/// How it ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum End {
    /// With a key.
    Granted,
    /// With the error of the exchange.
    Failed,
    /// With a code that was refused, after the service had asked to wait: it may have been used up then.
    Doubtful,
    /// With what the callback said.
    Declined,
    /// The user pasted no code that is one, and no browser can come.
    NoCode,
    /// There is no way for a code to come.
    NoInput,
    Cancelled,
    TimedOut,
}

/// The state of a login.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Flow {
    phase: Phase,
    /// Whether a browser can come back.
    listens: bool,
    /// How many more times a code can be pasted; none once nobody is asked.
    pastes_left: u8,
    /// How many more times the code at hand can be exchanged.
    tries_left: u8,
    /// Whether the service has asked to wait with the code at hand.
    is_doubtful: bool,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Phase {
    Waiting,
    Exchanging {
        way: Way,
        /// Set when the login is to end, and how.
        hurry: Option<End>,
    },
    /// Before the same code is tried once more.
    Pausing(Way),
    Over,
}

/// How often a user may paste (P-5).
const PASTES: u8 = 3;

/// How often one code is exchanged, if the ones before were not processed.
const TRIES: u8 = 3;

impl Flow {
    /// A login that waits for a browser if it `listens`, and for a pasted code if it `asks`.
    pub(crate) fn new(listens: bool, asks: bool) -> Self {
        let pastes_left = if asks { PASTES } else { 0 };
        Self { phase: Phase::Waiting, listens, pastes_left, tries_left: TRIES, is_doubtful: false }
    }

    /// Whether a code can come.
    pub(crate) fn has_way(self) -> bool {
        self.listens || self.pastes_left > 0
    }

    /// Takes in what happened, and says what is to be done.
    pub(crate) fn on(&mut self, happened: Happened) -> Step {
        let step = match self.phase {
            Phase::Waiting => self.on_waiting(happened),
            Phase::Exchanging { way, hurry } => self.on_exchanging(happened, way, hurry),
            Phase::Pausing(way) => self.on_pausing(happened, way),
            Phase::Over => Step::GoOn,
        };
        if let Step::End(_) = step {
            self.phase = Phase::Over;
        }
        step
    }

    fn on_waiting(&mut self, happened: Happened) -> Step {
        match happened {
            Happened::Code(way) => {
                (self.tries_left, self.is_doubtful) = (TRIES, false);
                self.exchange(way)
            }
            Happened::Declined => Step::End(End::Declined),
            Happened::Misread => self.ask_again(End::NoCode),
            Happened::NobodyAsked => {
                self.pastes_left = 0;
                if self.listens { Step::AskNoMore } else { Step::End(End::NoInput) }
            }
            Happened::Cancelled => Step::End(End::Cancelled),
            Happened::TimeUp => Step::End(End::TimedOut),
            Happened::Granted
            | Happened::Refused
            | Happened::NotSent
            | Happened::TryLater
            | Happened::Failed
            | Happened::Paused
            | Happened::GraceOver => Step::GoOn,
        }
    }

    fn on_exchanging(&mut self, happened: Happened, way: Way, hurry: Option<End>) -> Step {
        self.is_doubtful |= happened == Happened::TryLater;
        match (happened, hurry) {
            // A key that came is never thrown away, however late it is.
            (Happened::Granted, _) => Step::End(End::Granted),
            (Happened::Refused, _) if self.is_doubtful => Step::End(End::Doubtful),
            (Happened::Refused, None) if way == Way::Paste => {
                self.phase = Phase::Waiting;
                self.ask_again(End::Failed)
            }
            (Happened::NotSent | Happened::TryLater, None) if self.tries_left > 0 => {
                self.phase = Phase::Pausing(way);
                Step::Pause
            }
            (Happened::Failed, _) | (Happened::Refused | Happened::NotSent | Happened::TryLater, None) => {
                Step::End(End::Failed)
            }
            (Happened::Refused | Happened::NotSent | Happened::TryLater | Happened::GraceOver, Some(end)) => {
                Step::End(end)
            }
            // Whoever cancels twice does not want to wait.
            (Happened::Cancelled, Some(End::Cancelled)) => Step::End(End::Cancelled),
            (Happened::Cancelled, _) => self.hurry_up(way, End::Cancelled),
            (Happened::TimeUp, None) => self.hurry_up(way, End::TimedOut),
            // One winner: whatever else comes is too late.
            _ => Step::GoOn,
        }
    }

    fn on_pausing(&mut self, happened: Happened, way: Way) -> Step {
        match happened {
            Happened::Paused => self.exchange(way),
            Happened::Cancelled => Step::End(End::Cancelled),
            Happened::TimeUp => Step::End(End::TimedOut),
            _ => Step::GoOn,
        }
    }

    fn exchange(&mut self, way: Way) -> Step {
        self.phase = Phase::Exchanging { way, hurry: None };
        self.tries_left = self.tries_left.saturating_sub(1);
        Step::Exchange
    }

    fn hurry_up(&mut self, way: Way, end: End) -> Step {
        self.phase = Phase::Exchanging { way, hurry: Some(end) };
        Step::HurryUp(end)
    }

    /// After a pasted code that was none, or that was refused; `end` is how it ends if that was the last.
    fn ask_again(&mut self, end: End) -> Step {
        self.pastes_left = self.pastes_left.saturating_sub(1);
        match (self.pastes_left, self.listens) {
            (0, true) => Step::AskNoMore,
            (0, false) => Step::End(end),
            _ => Step::AskAgain,
        }
    }
}

#[cfg(test)]
mod model;
