//! The limit of open files, which is often 1,024.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Result;

const WANTED: u64 = 4096;

/// Allows this process, and those that it starts, enough open files for a thousand connections, or as many as the
/// system allows.
///
/// # Errors
///
/// Returns an error if the system rejects a limit within its own maximum.
pub fn raise_limit() -> Result {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.maximum.map_or(WANTED, |maximum| maximum.min(WANTED));
    if limit.current.is_some_and(|limit| limit < current) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(current), ..limit })?;
    }
    Ok(())
}
