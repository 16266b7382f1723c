//! One SDK, in a process of its own that is asked over its standard input.

use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::install::Installed;

/// Longer than an SDK waits for one answer, and its retries.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which of the official SDKs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sdk {
    /// `openrouter` on `PyPI`.
    Python,
    /// `@openrouter/sdk` on npm.
    TypeScript,
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Python => "python",
            Self::TypeScript => "typescript",
        })
    }
}

/// A running driver; it ends with this value.
pub(crate) struct Driver {
    /// The SDK it drives.
    pub(crate) sdk: Sdk,
    steps: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Driver {
    /// Starts the driver of `sdk`.
    ///
    /// # Errors
    ///
    /// A sentence: it could not be started.
    pub(crate) fn start(sdk: Sdk, installed: &Installed) -> Result<Self, String> {
        let mut command = match sdk {
            Sdk::Python => Command::new(&installed.python),
            Sdk::TypeScript => Command::new("node"),
        };
        command.arg(match sdk {
            Sdk::Python => &installed.python_driver,
            Sdk::TypeScript => &installed.node_driver,
        });
        // The SDKs read keys and servers from the environment, httpx reads proxies; a step says all there is to say.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OPENROUTER_") {
                command.env_remove(name);
            }
        }
        let mut process = command
            .env("NO_PROXY", "127.0.0.1")
            .env("PYTHONWARNINGS", "ignore")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("the {sdk} driver did not start: {error}"))?;
        let (Some(steps), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(format!("the {sdk} driver has no pipes"));
        };
        Ok(Self { sdk, steps, answers: BufReader::new(answers).lines(), _process: process })
    }

    /// Has the SDK take `step` and says what it made of it.
    ///
    /// # Errors
    ///
    /// A sentence: the driver is gone, silent, or printed something else.
    pub(crate) async fn take(&mut self, step: &Value) -> Result<Value, String> {
        let mut line = step.to_string();
        line.push('\n');
        self.steps
            .write_all(line.as_bytes())
            .await
            .map_err(|error| format!("the driver is gone: {error}"))?;
        let answer = timeout(PATIENCE, self.answers.next_line())
            .await
            .map_err(|_| "the driver did not answer".to_owned())?;
        let answer =
            answer.map_err(|error| error.to_string())?.ok_or("the driver ended; its last words are above")?;
        serde_json::from_str(&answer).map_err(|error| format!("the driver printed {answer:?}: {error}"))
    }
}
