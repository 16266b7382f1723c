//! The default label of a key.

use std::{env, ffi::OsStr};

use openrouter_oauth::{InvalidValue, KeyLabel, models::replace_invisible};

/// Returns a label for the key of `program` on this machine, such as `my-cli on my-host`. It lets users tell their
/// keys apart.
///
/// ```
/// # fn main() -> Result<(), openrouter_oauth::Error> {
/// let label = openrouter_oauth_login::default_key_label("my-cli")?;
/// assert!(label.as_str().starts_with("my-cli"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Returns an error if `program` is blank.
pub fn default_key_label(program: &str) -> Result<KeyLabel, InvalidValue> {
    key_label(program, &host())
}

/// Returns a label with the file name of the running program.
pub(crate) fn of_this_program() -> Result<KeyLabel, InvalidValue> {
    let file = env::current_exe().unwrap_or_default();
    let program = file.file_stem().unwrap_or(OsStr::new("a program")).to_string_lossy();
    default_key_label(&program)
}

/// Returns the name of this machine, or an empty string.
#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Returns the name of this machine, or an empty string.
#[cfg(not(unix))]
fn host() -> String {
    env::var_os("COMPUTERNAME").map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn key_label(program: &str, host: &str) -> Result<KeyLabel, InvalidValue> {
    // A label does not need the domain.
    let host = host.split('.').next().unwrap_or_default().trim();
    let program = program.trim();
    let label = if host.is_empty() || program.is_empty() {
        program.to_owned()
    } else {
        [program, " on ", host].concat()
    };
    KeyLabel::parse(&replace_invisible(&label).chars().take(KEY_LABEL_CHARS).collect::<String>())
}

/// The maximum length of a [`KeyLabel`].
const KEY_LABEL_CHARS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_names_program_and_machine() {
        for (program, host, label) in [
            ("my-cli", "my-host", "my-cli on my-host"),
            ("my-cli", "my-host.example.org", "my-cli on my-host"),
            ("my-cli", "", "my-cli"),
            ("my\u{1b}[0m-cli", "my\u{202e}-host\n", "my\u{fffd}[0m-cli on my\u{fffd}-host"),
        ] {
            assert_eq!(key_label(program, host).unwrap().as_str(), label);
        }
        assert_eq!(key_label(&"é".repeat(200), "my-host").unwrap().as_str(), "é".repeat(100));
        for program in ["", " \t"] {
            assert!(key_label(program, "my-host").is_err());
        }
    }
}
