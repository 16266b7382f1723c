//! The program, run as a process against the emulator.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic fails the test; clippy knows only test functions for tests"
)]

// The demo, against its own emulator and against one in another process.
mod demo;
// `emulator` as a process.
mod emulator;
// The emulator's Containerfile.
mod container;
// `--insecure-http`, with an emulator on an address that is not loopback.
mod insecure_http;
// Each operation: its success, its rejection, its exit status.
mod operations;
// `login` without a terminal.
mod login;
// `login` with a file system that fails. Needs strace.
#[cfg(target_os = "linux")]
mod store_faults;
// Codes that a program pipes into `login` and `exchange`.
mod piped;
// The key after a login: `status`, `token`, `keys link`, `logout`.
mod keys;
// `url` and `exchange`: a sign-in by hand.
mod sign_in;
// The file between `url` and `exchange`: its owner and mode, and links.
#[cfg(unix)]
mod pending_file;
// The variable `BROWSER`, which only Unix has.
#[cfg(unix)]
mod browser;
// Variables that set the proxy, the root certificates and the kind of page.
mod environment;
// Signals that end a command.
#[cfg(unix)]
mod signals;
// Invalid arguments, variables and input.
mod bad_input;
// Help, and standard output that is closed or full.
mod terminal;
// `login` and `token` at a terminal, with a user who types. `setsid` of util-linux passes the terminal to the program.
#[cfg(target_os = "linux")]
mod at_terminal;
#[cfg(target_os = "linux")]
mod pty;
// `completions` and `man`.
mod shells;

mod ports;
#[cfg(unix)]
mod signal;
mod support;
mod tools;
mod user;
// For the tests of signals and of browsers, which only Unix has.
#[cfg(unix)]
mod wait;
