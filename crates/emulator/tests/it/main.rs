//! Tests of the emulator's public interface: in memory, and over sockets with requests written by hand.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic fails the test; clippy knows only test functions for tests"
)]

/// `GET` and `POST /auth`: the page, its form, and the redirect.
mod authorize;
/// `POST /auth` in JSON, and `User`, which sends it.
mod authorize_json;
/// The limit of a server's connections.
mod connections;
/// `/emulator/…`: faults, settings and the clock over HTTP, and HEAD.
mod control;
/// Cross-origin requests.
mod cors;
/// `POST /api/v1/auth/keys/code`.
mod create_auth_code;
/// `GET /api/v1/key`.
mod current_key;
/// `POST /api/v1/auth/keys`: single use, ten minutes, PKCE, the order of checks.
mod exchange_auth_code;
/// `POST /api/v1/oauth/token` and `GET /api/v1/oauth/jwks`.
mod exchange_token;
/// Faults, in memory.
mod faults;
/// Arbitrary requests get a response.
mod garbage;
/// Responses of gateways.
mod gateway_responses;
/// `/emulator/keys`: the whole life of a key, in Rust and over HTTP.
mod keys;
/// Invalid changes of a key, and invalid IDs.
mod keys_garbage;
/// Days, weeks, and months in the usage of a key, over a socket.
mod keys_periods;
/// The IDs of requests.
mod request_ids;
/// Real sockets.
mod socket;
/// Helpers for several tests.
mod support;
