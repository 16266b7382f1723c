//! The parts of a login, each over the real thing: sockets, files, terminals, processes.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic fails the test; clippy knows only test functions for tests"
)]

#[cfg(unix)]
mod file_store;
#[cfg(target_os = "linux")]
mod file_store_faults;
#[cfg(unix)]
mod file_store_writers;
mod support;
