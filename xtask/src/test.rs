//! `test`: unit, integration and doc tests, by the command that the README gives.

use crate::{Result, process};

/// The arguments of cargo.
const COMMAND: &[&str] = &["test", "--workspace"];

pub(crate) fn run() -> Result {
    process::run(&mut process::cargo(COMMAND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_gives_the_same_command() {
        let readme = std::fs::read_to_string(process::root().join("README.md")).unwrap();
        let command = format!("cargo {}", COMMAND.join(" "));
        assert!(readme.lines().any(|line| line == command), "README.md has no line `{command}`");
    }
}
