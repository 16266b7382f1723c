//! The tools of a check, which a machine may lack.

use std::{
    env, fmt,
    path::Path,
    process::{Command, Stdio},
};

use crate::{process, result::Result};

/// A tool that a check needs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tool {
    /// The standard library for this target.
    Target(&'static str),
    /// A program, and Debian's package with it.
    Program { name: &'static str, package: &'static str },
    /// A program, and the command that installs it from crates.io.
    CargoProgram { name: &'static str, install: &'static str },
}

impl Tool {
    /// Returns whether this machine has the tool.
    ///
    /// With `REQUIRE_TOOLS=1`, adds a target if rustup has it.
    ///
    /// # Errors
    ///
    /// With `REQUIRE_TOOLS=1`, if the machine lacks a program that it could install.
    pub(super) fn is_present(self) -> Result<bool> {
        let is_required = env::var_os("REQUIRE_TOOLS").is_some_and(|value| value == "1");
        match self {
            Self::Target(target) => {
                Ok(has_target(target)? || is_required && succeeds("rustup", &["target", "add", target]))
            }
            Self::Program { name, package } => {
                let is_installed = succeeds(name, &["--version"]);
                if !is_installed && is_required && succeeds("apt-cache", &["show", package]) {
                    return Err(format!("{name} is missing; to install it: apt-get install {package}").into());
                }
                Ok(is_installed)
            }
            Self::CargoProgram { name, install } => {
                let is_installed = succeeds(name, &["--version"]);
                if !is_installed && is_required {
                    return Err(format!("{name} is missing; to install it: {install}").into());
                }
                Ok(is_installed)
            }
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(target) => write!(f, "Rust's target {target}"),
            Self::Program { name, .. } | Self::CargoProgram { name, .. } => f.write_str(name),
        }
    }
}

/// Returns whether the compiler has the standard library for this target.
fn has_target(target: &str) -> Result<bool> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let library = process::read(rustc.args(["--print", "target-libdir", "--target", target]))?;
    Ok(Path::new(library.trim_end()).exists())
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_without_a_library_is_missing() {
        // No system, so never a standard library.
        assert!(!has_target("thumbv6m-none-eabi").unwrap());
    }
}
