//! The contract of a transport, held against one that keeps it and against many that do not.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

/// A transport that blocks, on sockets of the standard library.
mod blocking;

/// The transport that blocks, with a fault.
mod faulty;

mod contract;
