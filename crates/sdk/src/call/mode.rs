//! How a call is sent: awaited, or by a client that blocks.
#![expect(unnameable_types, reason = "the client decides, so other crates need no mode and can add none")]

/// How a [`Call`](super::Call) is sent.
pub trait Mode {}

/// The call is awaited.
#[derive(Debug)]
pub enum Async {}

impl Mode for Async {}

/// The call blocks the thread.
#[cfg(feature = "blocking")]
#[derive(Debug)]
pub enum Blocking {}

#[cfg(feature = "blocking")]
impl Mode for Blocking {}
