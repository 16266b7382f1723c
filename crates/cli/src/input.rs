//! Reads secrets from the environment or from standard input, never from the arguments, which everyone on the machine
//! can see.

use std::{
    env,
    ffi::OsString,
    io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _},
    mem,
};

use openrouter_oauth::Client;
use zeroize::Zeroizing;

use crate::exit::Failure;

/// More than the longest secret (a JWT of 16 KiB) and its line ending.
const MAX_BYTES: usize = 20 * 1024;

/// Returns the variable's value, or else the first line of standard input. At a terminal, prompts for `what`.
///
/// # Errors
///
/// Among others, if the variable's value would be sent over plain `http` to another host. The environment may hold a
/// real secret, which the user did not choose for this host. Standard input is the user's decision.
pub(crate) fn secret(
    name: &'static str,
    what: &'static str,
    client: &Client,
) -> Result<Zeroizing<String>, Failure> {
    match variable(name)? {
        Some(_) if is_exposed(client) => Err(Failure::ExposedSecret { name, what }),
        Some(value) => Ok(value),
        None => line(what),
    }
}

/// Returns whether everyone on the way can read what the client sends.
fn is_exposed(client: &Client) -> bool {
    let origin = client.origin();
    !(origin.is_https() || origin.is_loopback())
}

/// Returns the variable's value, or `None` if it is unset or empty.
pub(crate) fn variable(name: &'static str) -> Result<Option<Zeroizing<String>>, Failure> {
    let value = env::var_os(name).map(OsString::into_string).transpose();
    match value {
        Ok(value) => Ok(value.filter(|value| !value.is_empty()).map(Zeroizing::new)),
        Err(_) => Err(Failure::Input { name, problem: "is not Unicode" }),
    }
}

/// Reads the first line of standard input.
fn line(what: &str) -> Result<Zeroizing<String>, Failure> {
    let stdin = io::stdin().lock();
    if stdin.is_terminal() {
        // If the prompt cannot be written, the line is still read.
        let _ = writeln!(io::stderr(), "Paste the {what} and press Enter. It will be visible on the screen.");
    }
    // Allocated at its final size, because growing would leave copies in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
    stdin.take(MAX_BYTES as u64).read_until(b'\n', &mut bytes).map_err(Failure::Stdin)?;
    let invalid = |problem| Failure::Input { name: "standard input", problem };
    if bytes.len() == MAX_BYTES {
        return Err(invalid("is too long"));
    }
    match String::from_utf8(mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(invalid("is not Unicode"))
        }
    }
}
