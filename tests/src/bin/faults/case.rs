//! A fault and its position.

use std::time::Duration;

use crate::{backend::Backend, operation::Operation, response::ResponseKind};

/// One call to a server with at most one fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) backend: Backend,
    pub(crate) protocol: Protocol,
    pub(crate) operation: Operation,
    pub(crate) part: Part,
    pub(crate) response: ResponseKind,
    pub(crate) fault: Option<Fault>,
    /// If the client sent no more bytes than this, the server cannot have read a byte of a request.
    pub(crate) bytes_without_request: usize,
    /// After this many bytes of the response, the client can see its status.
    pub(crate) bytes_with_status: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http,
    Https,
}

/// The part of the connection that the fault hits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    Handshake,
    Request,
    Response,
}

/// The fault of the connection, and the byte at which it happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) direction: Direction,
    pub(crate) offset: usize,
    pub(crate) kind: FaultKind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Direction {
    /// From the client.
    FromClient,
    /// To the client.
    ToClient,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FaultKind {
    Close,
    Reset,
    Stall,
    Flip,
}

pub(crate) const FAULT_KINDS: [FaultKind; 4] =
    [FaultKind::Close, FaultKind::Reset, FaultKind::Stall, FaultKind::Flip];

impl Case {
    /// Returns the deadline of the call. A stall always reaches it, and a flipped bit may.
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_millis(match (self.part, self.fault.map(|fault| fault.kind)) {
            // Long enough for three attempts to connect and the waits between them.
            (Part::Handshake, Some(FaultKind::Stall | FaultKind::Flip)) if self.backend != Backend::Ureq => {
                5_000
            }
            (_, Some(FaultKind::Stall)) => 300,
            (_, Some(FaultKind::Flip)) => 1_000,
            _ => 10_000,
        })
    }

    pub(crate) fn fault_is(&self, kind: FaultKind) -> bool {
        self.fault.is_some_and(|fault| fault.kind == kind)
    }
}
