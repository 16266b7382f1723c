//! How the crates work together: the SDK on fake transports, and against the emulator.
//!
//! A test of a numbered requirement names it in a comment (`// C-10`).
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic fails the test; clippy treats only test functions as tests"
)]

// One file per endpoint: its request, its documented response, and its special cases.

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

// A sign-in, step by step.

/// The authorize URL and its random values.
mod authorize;

/// Callbacks and pasted codes.
mod callback;

/// The states of a pending sign-in: fresh, in flight, spent, stored.
mod pending;

/// Whole sign-ins with the emulator, in memory and over TCP.
mod flow;

/// A login in a terminal: the browser's callback, the pasted code, and every way to end.
mod login;

/// A login that returns the stored key if it can.
mod ensure;

/// The example that signs in once.
#[cfg(target_os = "linux")]
mod sign_in_once;

/// Logins that need their own process.
#[cfg(target_os = "linux")]
mod process;

/// The examples of the SDK, as programs.
mod examples;

// The rules for every call.

/// Which requests are retried, and when.
mod retry;

/// The default transport over a real socket.
mod socket;

/// The error for each status of a rejection.
mod rejections;

/// The outcome of each response that gateways, firewalls and OpenRouter send, over a real socket.
mod responses;

/// The verdict on each response of a gateway, against the emulator.
mod gateway_responses;

/// Redirects are not followed.
mod redirect;

/// Which services a client may call, and transports that break their contract.
mod transport;

/// Clocks that jump.
mod clock;

/// The environment of the process: variables, folders, runtimes.
#[cfg(target_os = "linux")]
mod environment;

/// The client over the transport on reqwest.
mod reqwest;

/// How bodies are read: successes, rejections, and neither.
mod parse;

/// Which error each failure leads to, and what it prints.
mod errors;

/// Secrets do not leak.
mod secrets;

/// Invalid input is an error before a byte is sent.
mod input;

/// Which secrets are left in the memory of the process.
#[cfg(target_os = "linux")]
mod memory;

/// The properties of the parsers for any input.
mod corpus;

/// Runs this test program again, as a child process.
mod child;

/// A terminal for the child.
#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "the tests of the login need more of it")]
#[path = "../../crates/login/tests/it/pty.rs"]
mod pty;

/// Shared by the files above: clients, requests, names for errors.
mod support;
