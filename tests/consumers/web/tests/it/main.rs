//! The built program, in a process of its own, over real connections.

mod browser;
mod instance;

mod accounts;
mod connection;
mod logs;
mod process;
mod revocation;
mod settings;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
