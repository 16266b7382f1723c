//! How the crates work together: the SDK on fake transports, and against the emulator.
//!
//! A test that holds a numbered requirement names it in a comment (`// C-10`).
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic fails the test; clippy knows only test functions for tests"
)]

// One file per endpoint: its request, its documented response, and what only it does.

/// `POST /auth/keys`
mod exchange_auth_code;

/// `POST /auth/keys/code`
mod create_auth_code;

/// `GET /key`
mod current_key;

/// `POST /oauth/token`
mod exchange_token;

/// `GET /oauth/jwks`
mod signing_keys;

// The way of a sign-in.

/// The authorize URL and what is random in it.
mod authorize;

/// What comes back from the browser, or is pasted.
mod callback;

/// A sign-in from its beginning to its end: fresh, in flight, spent, stored.
mod pending;

/// Whole sign-ins with the emulator, in memory, over TCP and over TLS.
mod flow;

/// A login in a terminal: the browser that comes back, the code that is pasted, and every way it ends.
mod login;

/// Logins that need a process of their own.
#[cfg(target_os = "linux")]
mod process;

// What holds for every call.

/// What is sent again, when, and what never is.
mod retry;

/// Retries of the default transport over a real socket.
mod socket;

/// What each status is reported as.
mod rejections;

/// Redirects are not followed.
mod redirect;

/// Where requests may go, and transports that do not keep their contract.
mod transport;

/// Clocks that jump.
mod clock;

/// What surrounds the process: variables, folders, runtimes.
#[cfg(target_os = "linux")]
mod environment;

/// The contract of a transport, held against one on reqwest.
mod contract;

/// What is made of bodies: successes, refusals, and neither.
mod parse;

/// Which error says what.
mod errors;

/// Secrets do not leave.
mod secrets;

/// Bad input is refused before a byte is sent.
mod input;

/// What is left of secrets in the memory of the process.
#[cfg(target_os = "linux")]
mod memory;

/// What holds for any input.
mod corpus;

/// This test program again, as a child process.
mod child;

/// A terminal to run it in.
#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "the tests of the login need more of it")]
#[path = "../../crates/login/tests/it/pty.rs"]
mod pty;

/// What the files above share: clients, requests, names for errors.
mod support;
