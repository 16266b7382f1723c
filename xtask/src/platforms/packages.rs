//! The packages that `platforms` checks for Windows and macOS.

use crate::aws_lc::EXCEPT_REQWEST;

/// The packages that are checked for macOS, and tested under wine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Packages {
    /// Those whose own code or tests depend most on the system: on files, processes, terminals, sockets, and clocks.
    UsingTheSystem,
    /// All, except that the transport on reqwest is not tested: its tests would compile all dependencies once more.
    All,
}

impl Packages {
    /// Returns cargo's options that select them.
    pub(super) fn options(self) -> &'static [&'static str] {
        match self {
            Self::UsingTheSystem => &[
                "--package=openrouter-oauth",
                "--package=openrouter-oauth-cli",
                "--package=openrouter-oauth-emulator",
                "--package=openrouter-oauth-login",
                "--package=openrouter-oauth-models",
                "--package=openrouter-oauth-transport",
                "--package=openrouter-oauth-transport-hyper",
                "--package=openrouter-oauth-transport-ureq",
            ],
            Self::All => &["--workspace", EXCEPT_REQWEST],
        }
    }
}
