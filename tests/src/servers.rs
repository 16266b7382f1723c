//! Real servers for tests: nginx, Redis, PostgreSQL, and a switch in front of them.
//!
//! They listen on free ports of the loopback interface, keep their files in temporary folders, and stop when they are
//! dropped, or when the test program ends in any other way. Without a server's programs, its `start` prints that the
//! test is skipped and returns `None`. With `REQUIRE_TOOLS=1`, it panics.

mod daemon;

mod nginx;

mod postgres;

mod redis;

mod switch;

// Shared with the tests of the login crate.
#[allow(dead_code, unused_imports, unused_macros, reason = "only `Tool` is used")]
#[path = "../../crates/login/tests/it/tools.rs"]
mod tools;

use std::net::Ipv4Addr;

pub use self::{
    daemon::{Daemon, free_port},
    nginx::Nginx,
    postgres::Postgres,
    redis::Redis,
    switch::Switch,
};

/// The address of Redis and PostgreSQL. No other program takes their ports while they are down, because programs
/// that need any free port ask for one on `127.0.0.1`.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 5);
