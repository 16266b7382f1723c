//! The parts of a login, each over the real thing: sockets, files, terminals, processes.

#[cfg(unix)]
mod file_store;
#[cfg(target_os = "linux")]
mod file_store_faults;
#[cfg(unix)]
mod file_store_writers;
mod support;
