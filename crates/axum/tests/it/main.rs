//! Tests of the routes in memory, with the emulator as OpenRouter.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a panic in a helper fails the test")]

/// The documentation, and the size of the example.
mod docs;
/// The handler of the callback, its extractors, and its task.
mod handler;
/// The code of the how-to pages.
mod how_to;
/// Where the routes are, and the headers of every response.
mod routes;
mod support;
