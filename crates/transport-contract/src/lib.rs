//! Conformance tests that check an `openrouter-oauth` transport against its [contract](Transport#contract).
//!
//! Each [`Scenario`] starts a server on a local port, sends requests through your transport, and checks what the server
//! received and what the transport returned. [`run`] runs every scenario. Add this crate to your `[dev-dependencies]`,
//! and call `run` in a test:
//!
//! ```
//! use openrouter_oauth_transport_contract::{Violations, run};
//! # #[path = "../tests/it/blocking.rs"]
//! # mod blocking;
//! # use blocking::Blocking as MyTransport;
//!
//! #[tokio::main(flavor = "current_thread")] // `#[tokio::test]`, in a test
//! async fn main() -> Result<(), Violations> {
//!     let transport = MyTransport::default();
//!     run(&transport).await
//! }
//! ```
//!
//! The error lists each scenario that failed, with the reason. The servers use threads and sockets of the standard
//! library, so you can poll the future of `run` on any async runtime. The scenarios take a few seconds, mostly to wait
//! for deadlines.
//!
//! # TLS, or a single scenario
//!
//! [`run_over`] runs the scenarios over another [`Scheme`], such as HTTPS with your own certificate. You can also run a
//! single scenario. This example runs the scenarios for one rule:
//!
//! ```
//! use openrouter_oauth_transport_contract::{Scheme, Violation, scenarios};
//! # #[path = "../tests/it/blocking.rs"]
//! # mod blocking;
//! # use blocking::Blocking as MyTransport;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Violation> {
//! let transport = MyTransport::default();
//! for scenario in scenarios().filter(|scenario| scenario.rule() == 1) {
//!     scenario.run_over(&transport, &Scheme::http()).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # A server for other tests
//!
//! Every scenario uses a [`ScriptedServer`]. Use it to test behavior that the contract does not cover, such as
//! certificates, proxies, and connection reuse.
//!
//! # What the scenarios do not check
//!
//! They do not check what a transport logs (rule 7), whether it wipes its buffers (rule 9), or how it resolves names,
//! verifies certificates, or uses a proxy. They check the deadline for connecting only on systems such as Linux, where
//! clients wait while a listener's queue is full. They notice a transport that blocks in a future which then does not
//! complete only if it blocks while it waits for the response, and not while it connects. The servers speak only HTTP/1.1.

mod harness;

mod scenario;

mod scenarios;

mod scheme;

mod server;

mod scripted_connection;

mod log;

mod closed_port;

mod wait;

mod violation;

use openrouter_oauth_transport::Transport;

pub use self::{
    closed_port::ClosedPort,
    log::ReceivedRequest,
    scenario::Scenario,
    scheme::Scheme,
    scripted_connection::{ScriptedConnection, close_connection},
    server::{RunScript, ScriptedServer},
    violation::{Violation, Violations},
};

/// Runs every scenario over plain HTTP, one after another.
///
/// # Errors
///
/// Returns a violation for each scenario that failed.
pub async fn run(transport: &dyn Transport) -> Result<(), Violations> {
    run_over(transport, &Scheme::http()).await
}

/// Runs every scenario over this `scheme`, one after another.
///
/// # Errors
///
/// Returns a violation for each scenario that failed.
pub async fn run_over(transport: &dyn Transport, scheme: &Scheme) -> Result<(), Violations> {
    let mut violations = Vec::new();
    for scenario in scenarios() {
        violations.extend(scenario.run_over(transport, scheme).await.err());
    }
    Violations::check(violations, scenarios().len())
}

/// Returns all scenarios, in the order of the contract's rules.
pub fn scenarios() -> impl ExactSizeIterator<Item = &'static Scenario> {
    scenarios::ALL.iter()
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
