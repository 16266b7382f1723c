//! One fault, and where it is.

use std::time::Duration;

use crate::{operation::Operation, response::Answer};

/// One call against a peer with at most one fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) protocol: Protocol,
    pub(crate) operation: Operation,
    pub(crate) part: Part,
    pub(crate) answer: Answer,
    pub(crate) fault: Option<Fault>,
    /// With no more bytes of the client's than this, no byte of a request can have been read.
    pub(crate) silent: usize,
    /// With so many bytes of the answer, its status has come in the clear.
    pub(crate) told: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http,
    Https,
}

/// What the fault hits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    Handshake,
    Request,
    Response,
}

/// What the peer does at which byte of what it reads or writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) way: Way,
    pub(crate) offset: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// From the client.
    In,
    /// To the client.
    Out,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Close,
    Reset,
    Stall,
    Flip,
}

pub(crate) const KINDS: [Kind; 4] = [Kind::Close, Kind::Reset, Kind::Stall, Kind::Flip];

impl Case {
    /// The limit on the call. A stall passes all of it, and a flipped bit may.
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_millis(match (self.part, self.fault.map(|fault| fault.kind)) {
            // Three times the limit on connecting, and what is between.
            (Part::Handshake, Some(Kind::Stall | Kind::Flip)) => 5_000,
            (_, Some(Kind::Stall)) => 300,
            (_, Some(Kind::Flip)) => 1_000,
            _ => 10_000,
        })
    }

    pub(crate) fn fault_is(&self, kind: Kind) -> bool {
        self.fault.is_some_and(|fault| fault.kind == kind)
    }
}
