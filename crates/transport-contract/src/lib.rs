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

mod wait;

mod log;

mod scheme;

mod scripted_connection;

mod server;

mod closed_port;

mod harness;

mod scenarios;

use std::{error::Error as StdError, fmt, future::Future, pin::Pin};

use openrouter_oauth_transport::Transport;

pub use self::{
    closed_port::ClosedPort,
    log::ReceivedRequest,
    scheme::Scheme,
    scripted_connection::{ScriptedConnection, close_connection},
    server::{RunScript, ScriptedServer},
};
use self::{
    harness::{Harness, Outcome},
    scenarios::{body, connection, deadline, once, request, response, secrets},
};

/// Plays all scenarios over plain HTTP, one after another.
///
/// # Errors
///
/// Everything that was seen against the contract.
pub async fn run(transport: &dyn Transport) -> Result<(), Violations> {
    run_over(transport, &Scheme::http()).await
}

/// Plays all scenarios with servers of this `scheme`, one after another.
///
/// # Errors
///
/// Everything that was seen against the contract.
pub async fn run_over(transport: &dyn Transport, scheme: &Scheme) -> Result<(), Violations> {
    let mut violations = Vec::new();
    for scenario in scenarios() {
        violations.extend(scenario.run_over(transport, scheme).await.err());
    }
    if violations.is_empty() { Ok(()) } else { Err(Violations(violations)) }
}

/// All scenarios, in the order of the contract's rules.
pub fn scenarios() -> impl ExactSizeIterator<Item = &'static Scenario> {
    SCENARIOS.iter()
}

/// A server that behaves in a certain way, and what a transport must make of it.
pub struct Scenario {
    name: &'static str,
    rule: u8,
    play: for<'a> fn(&'a Harness<'a>) -> Play<'a>,
}

type Play<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

impl Scenario {
    /// What must be true, as a sentence: `redirect_is_returned_and_not_followed`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The number of the rule in the [contract](Transport#contract) that it is about.
    pub fn rule(&self) -> u8 {
        self.rule
    }

    /// Plays it with a server of this `scheme`.
    ///
    /// # Errors
    ///
    /// What was seen against the contract, or that no socket could be made.
    pub async fn run_over(&self, transport: &dyn Transport, scheme: &Scheme) -> Result<(), Violation> {
        let outcome = (self.play)(&Harness { transport, scheme }).await;
        outcome.map_err(|seen| Violation { scenario: self.name, rule: self.rule, seen: seen.to_string() })
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("name", &self.name).field("rule", &self.rule).finish_non_exhaustive()
    }
}

/// Names a scenario after its function.
macro_rules! scenarios {
    ($($rule:literal $module:ident :: $name:ident,)*) => {
        &[$(Scenario {
            name: stringify!($name),
            rule: $rule,
            play: |harness| Box::pin($module::$name(harness)),
        },)*]
    };
}

const SCENARIOS: &[Scenario] = scenarios! {
    1 once::request_is_sent_once_when_no_response_comes,
    1 once::request_is_sent_once_when_connection_is_reset,
    1 once::request_is_sent_once_when_kept_connection_breaks,
    1 once::request_is_sent_once_when_kept_connection_is_stale,
    1 once::redirect_is_returned_and_not_followed,
    2 request::request_arrives_unchanged,
    2 request::requests_share_no_state,
    3 response::every_status_is_returned,
    3 response::interim_responses_are_skipped,
    3 response::response_without_a_body_is_complete,
    3 response::headers_and_body_are_returned_unchanged,
    3 connection::response_goes_to_its_own_request,
    3 connection::concurrent_requests_get_their_own_responses,
    3 connection::next_request_succeeds_after_each_failure,
    4 deadline::deadline_covers_connecting,
    4 deadline::deadline_covers_a_silent_server,
    4 deadline::deadline_covers_waiting_for_the_response,
    4 deadline::deadline_covers_a_trickling_response,
    5 body::truncated_response_is_an_error,
    5 body::reset_response_is_an_error,
    5 body::error_keeps_the_status_of_a_lost_body,
    5 body::body_without_a_length_ends_at_close,
    5 body::body_can_fill_the_limit_exactly,
    5 body::endless_body_is_too_large,
    6 once::request_that_may_have_arrived_is_not_unsent,
    6 once::partly_read_request_is_not_unsent,
    6 once::refused_connection_sends_nothing,
    7 secrets::errors_show_no_header_and_no_body,
    8 connection::dropped_request_closes_its_connection,
};

/// What was seen in one scenario against the contract.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    scenario: &'static str,
    rule: u8,
    seen: String,
}

impl Violation {
    /// The name of the scenario.
    pub fn scenario(&self) -> &'static str {
        self.scenario
    }

    /// The number of the rule in the [contract](Transport#contract) that is broken.
    pub fn rule(&self) -> u8 {
        self.rule
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (rule {}): {}", self.scenario, self.rule, self.seen)
    }
}

impl StdError for Violation {}

/// All that was seen against the contract.
///
/// `Debug` prints a line for each, as `Display` does, so that a test that ends with it can be read.
#[derive(Clone, Eq, PartialEq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Each of them; there is at least one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Violation> {
        self.0.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the transport breaks its contract in {} scenarios of {}", self.0.len(), SCENARIOS.len())?;
        self.0.iter().try_for_each(|violation| write!(f, "\n* {violation}"))
    }
}

impl fmt::Debug for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Violations {}
