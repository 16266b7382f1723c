//! The parts of a login, each over the real thing: sockets, files, terminals, processes.

#[cfg(unix)]
mod browser;
#[cfg(unix)]
mod child;
#[cfg(unix)]
mod file_store;
#[cfg(target_os = "linux")]
mod file_store_faults;
#[cfg(unix)]
mod file_store_writers;
mod listener;
#[cfg(unix)]
mod pty;
#[cfg(unix)]
mod qr;
mod support;
#[cfg(unix)]
mod terminal;
