//! One SDK in its own process, which reads calls from its standard input.

use std::{fmt, process::Stdio, time::Duration};

use openrouter_oauth_tests::Result;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::install::Installed;

/// Longer than an SDK waits for a response, including its retries.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// One of the official clients.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sdk {
    /// `openrouter` on `PyPI`, with its blocking methods.
    Python,
    /// The same, with its asynchronous methods.
    PythonAsync,
    /// `@openrouter/sdk` on npm.
    TypeScript,
}

/// The language of an SDK.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Language {
    Python,
    TypeScript,
}

impl Sdk {
    pub(crate) const ALL: [Self; 3] = [Self::Python, Self::PythonAsync, Self::TypeScript];

    pub(crate) fn language(self) -> Language {
        match self {
            Self::Python | Self::PythonAsync => Language::Python,
            Self::TypeScript => Language::TypeScript,
        }
    }
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Python => "python",
            Self::PythonAsync => "asyncio",
            Self::TypeScript => "typescript",
        })
    }
}

/// A running driver. Dropping it ends the process.
pub(crate) struct Driver {
    /// The SDK it drives.
    pub(crate) sdk: Sdk,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Driver {
    /// Starts the driver of `sdk`.
    ///
    /// # Errors
    ///
    /// If the process could not be started.
    pub(crate) fn start(sdk: Sdk, installed: &Installed) -> Result<Self> {
        let mut command = match sdk.language() {
            Language::Python => Command::new(&installed.python),
            Language::TypeScript => Command::new("node"),
        };
        command.arg(match sdk.language() {
            Language::Python => installed.python_driver.clone(),
            Language::TypeScript => installed.script("drive.mjs"),
        });
        if sdk == Sdk::PythonAsync {
            command.arg("async");
        }
        // The SDKs read keys and base URLs from the environment, and httpx reads proxies. A call contains everything
        // that it needs.
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
        let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(format!("the {sdk} driver has no pipes").into());
        };
        Ok(Self { sdk, stdin, stdout: BufReader::new(stdout).lines(), _process: process })
    }

    /// Makes a call with the SDK, and returns the result that the driver reports.
    ///
    /// # Errors
    ///
    /// If the driver ended, timed out, or printed something other than JSON.
    pub(crate) async fn call(&mut self, request: &Value) -> Result<Value> {
        let mut line = request.to_string();
        line.push('\n');
        self.stdin.write_all(line.as_bytes()).await.map_err(|error| format!("the driver ended: {error}"))?;
        let line = timeout(RESPONSE_TIMEOUT, self.stdout.next_line());
        let line = line.await.map_err(|_| "the driver timed out")??;
        let line = line.ok_or("the driver ended; its output is above")?;
        Ok(serde_json::from_str(&line).map_err(|error| format!("the driver printed {line:?}: {error}"))?)
    }
}
