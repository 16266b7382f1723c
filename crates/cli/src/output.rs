//! Writes results to standard output, and everything else to standard error.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use openrouter_oauth::{
    Error,
    models::{ApiError, ServerText, replace_invisible},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    exit::{self, Exit, Failure},
    json,
    spinner::Spinner,
};

/// The output format: text or JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Writes the result: `value` as one line of JSON, or `text`.
    pub(crate) fn result(self, value: &impl Serialize, text: &str) -> Result<(), Failure> {
        if self.json { Self::json(value) } else { self.text(text) }
    }

    /// Writes a line of text, or nothing with `--json`.
    pub(crate) fn text(self, text: &str) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(Failure::Output)
    }

    /// Writes `value` as one line of JSON.
    pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        json::write(&mut stdout, value)
            .and_then(|()| writeln!(stdout))
            .and_then(|()| stdout.flush())
            .map_err(Failure::Output)
    }

    /// Writes a line for the user that is not part of the result, or nothing with `--json`.
    pub(crate) fn note(self, text: &str) {
        if !self.json {
            write_stderr(text);
        }
    }

    /// Warns the user, on standard error.
    pub(crate) fn warning(self, text: &str) {
        self.note(&format!("warning: {text}"));
        self.event(&json!({ "warning": text }));
    }

    /// Shows that something takes a while: with a spinner on a terminal, with a plain line elsewhere.
    pub(crate) fn spinner(self, text: &str) -> Option<Spinner> {
        let animate = io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb");
        if animate && !self.json {
            return Some(Spinner::start(text.to_owned()));
        }
        self.note(&format!("{text} ..."));
        None
    }

    /// Reports an event to the program that runs this one, or nothing without `--json`.
    pub(crate) fn event(self, event: &impl Serialize) {
        if self.json {
            write_stderr_json(event);
        }
    }

    /// Reports a failure and its causes.
    pub(crate) fn failure(self, failure: &Failure) {
        let exit = failure.exit();
        if matches!(exit, Exit::OutputClosed) {
            return;
        }
        if self.json {
            write_stderr_json(&ErrorOutput { error: &ErrorBody::from_failure(failure) });
            return;
        }
        write_stderr(&format!("error: {}", failure.message()));
        for cause in failure.causes() {
            write_stderr(&format!("  cause: {cause}"));
        }
    }

    /// Reports an error in the arguments. With `--json`, leaves out the advice that follows it.
    pub(crate) fn usage(self, message: &str) {
        if self.json {
            let problem = message.split("\n\n").next().unwrap_or(message);
            write_stderr_json(&ErrorOutput { error: &ErrorBody::new(Exit::Usage, problem.to_owned()) });
        } else {
            write_stderr(&format!("error: {message}"));
        }
    }
}

/// An error as JSON. `args::JSON_HELP` documents it.
#[derive(Serialize)]
struct ErrorOutput<'a> {
    error: &'a ErrorBody,
}

#[derive(Serialize)]
struct ErrorBody {
    kind: &'static str,
    message: String,
    causes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<f64>,
}

impl ErrorBody {
    fn new(exit: Exit, message: String) -> Self {
        Self {
            kind: exit.kind(),
            message,
            causes: Vec::new(),
            http_status: None,
            reason: None,
            request_id: None,
            retry_after_seconds: None,
        }
    }

    fn from_failure(failure: &Failure) -> Self {
        let api = failure.sdk().and_then(Error::api);
        Self {
            causes: failure.causes(),
            kind: failure.kind(),
            http_status: failure.sdk().and_then(http_status),
            reason: api.map(|api| exit::reason_name(api.reason())),
            request_id: failure.sdk().and_then(request_id),
            retry_after_seconds: failure.sdk().and_then(retry_after).map(|wait| wait.as_secs_f64()),
            ..Self::new(failure.exit(), failure.message())
        }
    }
}

fn http_status(error: &Error) -> Option<u16> {
    let status = match error {
        Error::UnexpectedRedirect { status, .. } => Some(*status),
        Error::UnexpectedResponse(unexpected) => Some(unexpected.status()),
        _ => error.api().map(ApiError::status),
    };
    status.map(|status| status.as_u16())
}

fn request_id(error: &Error) -> Option<String> {
    let id = match error {
        Error::UnexpectedResponse(unexpected) => unexpected.request_id(),
        Error::OutcomeUnknown(unknown) => unknown.request_id().cloned(),
        _ => error.api().and_then(ApiError::request_id),
    };
    id.as_ref().map(ServerText::to_string)
}

fn retry_after(error: &Error) -> Option<Duration> {
    match error {
        Error::RateLimited { retry_after, .. } | Error::ServiceUnavailable { retry_after, .. } => {
            *retry_after
        }
        _ => None,
    }
}

fn write_stderr_json(value: &impl Serialize) {
    let mut json = Vec::new();
    // Strings, numbers, and lists of strings can always be serialized.
    if json::write(&mut json, value).is_ok() {
        write_stderr(&String::from_utf8_lossy(&json));
    }
}

/// Writes lines to standard error and ignores a failure, which could not be reported anywhere.
fn write_stderr(text: &str) {
    let lines: Vec<String> = text.split('\n').map(replace_invisible).collect();
    let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
}
