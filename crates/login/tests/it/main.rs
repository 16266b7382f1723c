//! Tests of the parts of a login on real sockets, files, terminals and processes.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a panic fails the test, and child processes report on standard output"
)]

mod blocking;
// Scripts that the shell runs as browsers. `browser_windows` is the test for Windows.
#[cfg(target_os = "linux")]
mod browser;
mod child;
mod file_store;
// Modes, owners, links and pipes. Windows has access lists, which the store does not check.
#[cfg(unix)]
mod file_store_access;
// Needs strace.
#[cfg(target_os = "linux")]
mod file_store_faults;
// On other systems, an open file can be replaced and removed.
#[cfg(windows)]
mod file_store_open_elsewhere;
mod file_store_writers;
mod headless;
mod listener;
mod stdin_prompt;
mod support;
#[cfg(unix)]
mod tools;

// These need a terminal, which `setsid` of util-linux passes to a process.
#[cfg(target_os = "linux")]
mod pty;
#[cfg(target_os = "linux")]
mod qr;
#[cfg(target_os = "linux")]
mod signal;
#[cfg(target_os = "linux")]
mod terminal;
