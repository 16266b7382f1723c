//! The parts of a login, each over the real thing: sockets, files, terminals, processes.

#[cfg(unix)]
mod browser;
#[cfg(unix)]
mod child;
mod file_store;
mod listener;
#[cfg(unix)]
mod pty;
#[cfg(unix)]
mod qr;
#[cfg(unix)]
mod terminal;
