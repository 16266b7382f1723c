//! Takes secrets from the environment or from standard input, never from the arguments: those are seen by everyone on
//! the machine.

use std::{
    env,
    ffi::OsString,
    io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _},
    mem,
};

use zeroize::Zeroizing;

use crate::exit::Failure;

/// More than the longest secret (a JWT of 16 KiB) with its line end.
const MAX_BYTES: usize = 20 * 1024;

/// The value of the variable, or else the first line of standard input. `what` is asked for if that is a terminal.
pub(crate) fn secret(name: &'static str, what: &str) -> Result<Zeroizing<String>, Failure> {
    match variable(name)? {
        Some(value) => Ok(value),
        None => line(what),
    }
}

/// The value of a variable; none if it is not set or empty.
pub(crate) fn variable(name: &'static str) -> Result<Option<Zeroizing<String>>, Failure> {
    let value = env::var_os(name).map(OsString::into_string).transpose();
    match value {
        Ok(value) => Ok(value.filter(|value| !value.is_empty()).map(Zeroizing::new)),
        Err(_) => Err(Failure::Input { name, problem: "is not Unicode" }),
    }
}

/// The first line of standard input.
fn line(what: &str) -> Result<Zeroizing<String>, Failure> {
    let stdin = io::stdin().lock();
    if stdin.is_terminal() {
        // If nobody can be asked, the line is still read.
        let _ = writeln!(
            io::stderr(),
            "Paste the {what} and press Enter. What you type can be seen on the screen."
        );
    }
    // In its final size: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
    stdin.take(MAX_BYTES as u64).read_until(b'\n', &mut bytes).map_err(Failure::Stdin)?;
    let refuse = |problem| Failure::Input { name: "standard input", problem };
    if bytes.len() == MAX_BYTES {
        return Err(refuse("is too long"));
    }
    match String::from_utf8(mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(refuse("is not Unicode"))
        }
    }
}
