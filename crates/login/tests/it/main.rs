//! The parts of a login, each over the real thing: sockets, files, terminals, processes.

mod file_store;
mod listener;
