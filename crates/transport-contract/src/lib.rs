//! Checks an `openrouter-oauth` transport against its [contract](Transport#contract).
//!
//! A [`Scenario`] starts a server on a port of this machine that behaves in a certain way, sends a request through your
//! transport, and looks at what arrived and what came back. [`run`] plays every scenario. Add the crate to your
//! `[dev-dependencies]`, and run it in a test:
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
//! A failure lists each scenario that the transport broke, and what the scenario saw. The servers are threads with
//! sockets of the standard library, and the future of `run` can be polled by any runtime. The scenarios take a few
//! seconds, most of which they spend waiting for deadlines.
//!
//! # Some scenarios, or TLS
//!
//! [`run_over`] plays the scenarios with servers of another [`Scheme`], such as HTTPS with a certificate of yours. Each
//! scenario can also be played alone. This plays those for one rule:
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
//! Every scenario is a script of a [`ScriptedServer`]. It is public, for tests of what the contract leaves out: what a
//! certificate, a proxy or a kept connection does.
//!
//! # What the scenarios cannot see
//!
//! They do not see what a transport logs (rule 7), whether it wipes its buffers (rule 9), or how it looks up a name,
//! checks a certificate or uses a proxy. They see a deadline that passes while connecting only on systems where a
//! listener with a full queue makes clients wait, as on Linux. Their servers speak HTTP/1.1.

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

/// Plays every scenario over plain HTTP, one after another.
///
/// # Errors
///
/// A violation for each scenario that the transport fails.
pub async fn run(transport: &dyn Transport) -> Result<(), Violations> {
    run_over(transport, &Scheme::http()).await
}

/// Plays every scenario with servers of this `scheme`, one after another.
///
/// # Errors
///
/// A violation for each scenario that the transport fails.
pub async fn run_over(transport: &dyn Transport, scheme: &Scheme) -> Result<(), Violations> {
    let mut violations = Vec::new();
    for scenario in scenarios() {
        violations.extend(scenario.run_over(transport, scheme).await.err());
    }
    Violations::check(violations, scenarios().len())
}

/// All scenarios, in the order of the contract's rules.
pub fn scenarios() -> impl ExactSizeIterator<Item = &'static Scenario> {
    scenarios::ALL.iter()
}
