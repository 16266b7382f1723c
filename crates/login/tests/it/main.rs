//! Tests of the parts of a login on real sockets, files, terminals and processes.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a panic fails the test, and child processes report on standard output"
)]

#[cfg(target_os = "linux")]
mod browser;
#[cfg(target_os = "linux")]
mod child;
#[cfg(unix)]
mod file_store;
#[cfg(target_os = "linux")]
mod file_store_faults;
#[cfg(unix)]
mod file_store_writers;
#[cfg(target_os = "linux")]
mod headless;
mod listener;
#[cfg(target_os = "linux")]
mod pty;
#[cfg(target_os = "linux")]
mod qr;
#[cfg(target_os = "linux")]
mod signal;
mod support;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(target_os = "linux")]
mod tools;
