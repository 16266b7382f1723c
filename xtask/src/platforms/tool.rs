//! The tools of a check, which a machine may lack.

use std::{env, fmt, path::Path, process::Command};

use crate::{process, result::Result};

/// A tool that a check needs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tool {
    /// A processor of this architecture.
    Processor(&'static str),
    /// The standard library for this target.
    Target(&'static str),
    /// A program, and Debian's package with it.
    Program { name: &'static str, package: &'static str },
    /// A program, and the command that installs it from crates.io.
    CargoProgram { name: &'static str, install: &'static str },
}

impl Tool {
    /// Returns whether this machine has the tool.
    pub(super) fn is_present(self) -> Result<bool> {
        match self {
            Self::Processor(architecture) => Ok(env::consts::ARCH == architecture),
            Self::Target(target) => has_target(target),
            Self::Program { name, .. } | Self::CargoProgram { name, .. } => {
                Ok(succeeds(name, &["--version"]))
            }
        }
    }

    /// Installs the tool if that is possible without root, and returns whether it succeeded: rustup has most targets.
    ///
    /// # Errors
    ///
    /// If the machine lacks a program that every machine can install.
    pub(super) fn install(self) -> Result<bool> {
        match self {
            Self::Processor(_) | Self::Program { .. } => Ok(false),
            Self::Target(target) => Ok(succeeds("rustup", &["target", "add", target])),
            Self::CargoProgram { .. } => Err(format!("this machine lacks {self}").into()),
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processor(architecture) => write!(f, "an {architecture} processor"),
            Self::Target(target) => write!(f, "Rust's target {target}"),
            Self::Program { name, package } => write!(f, "{name} (apt-get install {package})"),
            Self::CargoProgram { name, install } => write!(f, "{name} ({install})"),
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
    process::require(program, arguments, "").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_without_a_library_is_missing() {
        // No system, so never a standard library.
        assert!(!has_target("thumbv6m-none-eabi").unwrap());
    }

    #[test]
    fn machine_has_one_architecture() {
        assert!(Tool::Processor(env::consts::ARCH).is_present().unwrap());
        let other = Tool::Processor("avr");
        assert!(!other.is_present().unwrap() && !other.install().unwrap());
    }

    #[test]
    fn missing_program_is_named_with_its_installation() {
        let program = Tool::Program { name: "no-such-program", package: "no-such-package" };
        assert!(!program.is_present().unwrap() && !program.install().unwrap());
        assert_eq!(program.to_string(), "no-such-program (apt-get install no-such-package)");
        let program = Tool::CargoProgram { name: "no-such-program", install: "cargo install it" };
        assert!(!program.is_present().unwrap());
        let error = program.install().unwrap_err().to_string();
        assert_eq!(error, "this machine lacks no-such-program (cargo install it)");
    }
}
