//! Failures of the program, with their exit statuses and messages.

use std::{error::Error as StdError, io, iter, path::PathBuf, process::ExitCode};

use openrouter_oauth::{
    CallbackError, Error, RejectionReason,
    models::{InvalidValue, ServerText},
    transport::ErrorKind,
    transport_hyper::BuildError,
};
use openrouter_oauth_emulator::{DecisionError, ServeError};
use openrouter_oauth_login::{Error as LoginError, StoreError};

/// A failure that ends the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Sdk(#[from] Error),
    #[error(transparent)]
    Login(#[from] LoginError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Transport(#[from] BuildError),
    /// The base URL (`what`) is plain `http`. The SDK's error names its method, and this one the option.
    #[error(
        "the {what} must use https, or http on a loopback host; for another host of a test network, add \
         --insecure-http HOST"
    )]
    PlainHttp { what: &'static str },
    /// `login` is the command that stores a key in that place.
    #[error("no key is stored; run `{login}` to create one")]
    NotSignedIn { login: String },
    /// `place` is safe to print: a quoted path, or the keychain.
    #[error("OpenRouter does not accept the key in {place}; run `{login}` to create another")]
    BadKey { place: String, login: String, source: Error },
    /// `login` would not help, because the variable's key would still be used.
    #[error(
        "OpenRouter does not accept the key in OPENROUTER_API_KEY, which is set and takes precedence over the stored \
         key; unset OPENROUTER_API_KEY to use the stored key"
    )]
    BadVariable { source: Error },
    /// The SDK's error advises a program. `login` is the command that stores a key of the service.
    #[error(
        "OPENROUTER_API_KEY may hold a real key, which is never sent over plain http to another host; unset it, and \
         run `{login}` to create a test key"
    )]
    ExposedVariable { login: String },
    #[error(
        "{name} may hold a real secret, which is never sent over plain http to another host; unset it, and pass the \
         {what} on standard input"
    )]
    ExposedSecret { name: &'static str, what: &'static str },
    /// A check of a key that does not show whether the key is good.
    #[error("could not check {key}: {error}{advice}", advice = unchecked_advice(error))]
    Unchecked { key: &'static str, error: Error },
    /// `create-code` ended without a known outcome.
    #[error(transparent)]
    CodeUnknown(Error),
    /// A store failed, so the key may still be there.
    #[error("could not {action} {place}, so a key may still be stored there")]
    NotForgotten { action: &'static str, place: String, source: Box<Failure> },
    #[error("the key could not be stored; it was printed to standard output, only this once, so save it now")]
    NotStored(#[source] StoreError),
    /// The arguments, the environment, or the input are incomplete or contradictory.
    #[error("{0}")]
    Usage(&'static str),
    #[error("{name} {problem}")]
    Input { name: &'static str, problem: &'static str },
    #[error("could not read standard input")]
    Stdin(#[source] io::Error),
    /// The path is quoted, because it may contain any characters.
    #[error("could not {action} {path:?}")]
    File { path: PathBuf, action: &'static str, source: io::Error },
    #[error("the pending sign-in could not be removed, so the code was not sent")]
    PendingFile(#[source] StoreError),
    #[error("could not write to standard output")]
    Output(#[source] io::Error),
    #[error(
        "a key was created, but it could not be written to standard output; \
         delete it at https://openrouter.ai/settings/keys and sign in again"
    )]
    KeyLost(#[source] Box<Failure>),
    #[error("the program could not start")]
    Runtime(#[source] io::Error),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("the demo's user could not approve or deny the sign-in")]
    User(#[from] DecisionError),
    /// A step of the demo had an unexpected result.
    #[error("a step of the demo failed: expected {0}")]
    Demo(&'static str),
}

/// The program's exit status, if it is not 0.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum Exit {
    Unexpected = 1,
    Usage = 2,
    Rejected = 3,
    NotSent = 4,
    OutcomeUnknown = 5,
    Denied = 6,
    Wait = 7,
    TimedOut = 8,
    NotSignedIn = 9,
    /// Like [`OutcomeUnknown`](Self::OutcomeUnknown), for a code, which is worthless after ten minutes.
    CodeUnknown = 10,
    /// The status that a shell reports for a program ended by Ctrl-C.
    Cancelled = 130,
    /// The status that a shell reports for a program ended by SIGPIPE.
    OutputClosed = 141,
}

/// The statuses, for `--help`.
pub(crate) const HELP: &str = "\
Exit status, and the kind of the error with --json:
  0                         success
  1    unexpected           something local failed: a file, a port, a proxy variable, standard output
  2    usage                an argument, a variable of this command or the input is invalid; nothing was sent
  3    rejected             OpenRouter rejected the request, or something else responded
  3    unexpected_response  the response is a success, but not the expected one
  4    not_sent             OpenRouter could not be reached; nothing was sent, so you can retry
  4    no_response          no usable response arrived; nothing was created, so you can retry
  5    outcome_unknown      exchange or login lost the response; a key may have been created
  6    denied               the user declined
  7    wait                 wait, then retry; nothing was created, and the code still works
  8    timed_out            the user did not approve in time
  9    not_signed_in        no key is stored
  10   outcome_unknown      create-code lost the response; a code may have been created, but no key
  130  cancelled            Ctrl-C, the end of input or a signal ended the login
  141                       the reader closed standard output";

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Sdk(error)
            | Self::BadKey { source: error, .. }
            | Self::BadVariable { source: error }
            | Self::Unchecked { error, .. } => exit_of(error),
            Self::Login(error) => exit_of_login(error),
            Self::NotForgotten { source: failure, .. } => failure.exit(),
            Self::NotSignedIn { .. } => Exit::NotSignedIn,
            Self::CodeUnknown(_) => Exit::CodeUnknown,
            Self::ExposedVariable { .. }
            | Self::ExposedSecret { .. }
            | Self::PlainHttp { .. }
            | Self::Usage(_)
            | Self::Input { .. } => Exit::Usage,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::OutputClosed,
            Self::User(DecisionError::Transport(error))
                if !error.may_have_been_sent() && error.kind() != ErrorKind::Other =>
            {
                Exit::NotSent
            }
            _ => Exit::Unexpected,
        }
    }

    /// Returns the kind of the error for `--json`.
    pub(crate) fn kind(&self) -> &'static str {
        match self.sdk() {
            Some(Error::NoResponse(_)) => "no_response",
            Some(Error::UnexpectedResponse(_)) => "unexpected_response",
            _ => self.exit().kind(),
        }
    }

    /// Returns the SDK's error, if that is what failed.
    pub(crate) fn sdk(&self) -> Option<&Error> {
        match self {
            Self::Sdk(error)
            | Self::BadKey { source: error, .. }
            | Self::BadVariable { source: error }
            | Self::Unchecked { error, .. }
            | Self::CodeUnknown(error)
            | Self::Login(LoginError::Sdk(error)) => Some(error),
            _ => None,
        }
    }

    /// Returns the message, on one line.
    pub(crate) fn message(&self) -> String {
        printable(self)
    }

    /// Returns the causes, one line each.
    pub(crate) fn causes(&self) -> Vec<String> {
        let first = match self {
            // The message contains the error itself.
            Self::Unchecked { error, .. } => error.source(),
            _ => self.source(),
        };
        iter::successors(first, |error| (*error).source()).map(printable).collect()
    }

    /// Adds the arguments that select the service to the command that the message advises, because each service has its
    /// own key.
    pub(crate) fn with_arguments(mut self, arguments: &str) -> Self {
        if let Self::NotSignedIn { login } | Self::BadKey { login, .. } | Self::ExposedVariable { login } =
            &mut self
        {
            login.push_str(arguments);
        }
        self
    }
}

/// Returns advice about a key that could not be checked.
fn unchecked_advice(error: &Error) -> &'static str {
    // No other failure says anything about the key, so another key would not help.
    if error.api().is_some_and(|api| api.is_from_openrouter() && !error.is_retryable()) {
        "; the key is still stored, and --again creates another"
    } else {
        ""
    }
}

/// Formats an error so that it is safe to print, because its text may come from a server.
fn printable(error: &(dyn StdError + 'static)) -> String {
    ServerText::new(&error.to_string()).to_string()
}

fn exit_of(error: &Error) -> Exit {
    match error {
        Error::Callback(CallbackError::Denied { .. }) => Exit::Denied,
        Error::Callback(CallbackError::Failed { .. })
        | Error::Api(_)
        | Error::Spent(_)
        | Error::UnexpectedRedirect { .. }
        | Error::UnexpectedResponse(_) => Exit::Rejected,
        Error::Invalid(_) | Error::MissingKey | Error::Callback(_) | Error::OriginMismatch { .. } => {
            Exit::Usage
        }
        Error::NotSent(_) if !error.is_retryable() => Exit::Unexpected,
        Error::NotSent(_) | Error::ProxyAuthRequired(_) | Error::Tls(_) | Error::NoResponse(_) => {
            Exit::NotSent
        }
        Error::RateLimited { .. } | Error::ServiceUnavailable { .. } => Exit::Wait,
        Error::OutcomeUnknown(_) => Exit::OutcomeUnknown,
        _ => Exit::Unexpected,
    }
}

fn exit_of_login(error: &LoginError) -> Exit {
    match error {
        LoginError::Denied { .. } => Exit::Denied,
        LoginError::Failed(_) => Exit::Rejected,
        LoginError::OutcomeUnknown { .. } => Exit::OutcomeUnknown,
        LoginError::TimedOut { .. } | LoginError::OtherSignIn { .. } => Exit::TimedOut,
        LoginError::Cancelled => Exit::Cancelled,
        LoginError::NoCode(_) => Exit::Usage,
        LoginError::Sdk(error) => exit_of(error),
        _ => Exit::Unexpected,
    }
}

impl From<InvalidValue> for Failure {
    fn from(invalid: InvalidValue) -> Self {
        Self::Sdk(invalid.into())
    }
}

impl From<CallbackError> for Failure {
    fn from(error: CallbackError) -> Self {
        Self::Sdk(error.into())
    }
}

impl Exit {
    /// Returns the usual kind of an error with this status.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Unexpected | Self::OutputClosed => "unexpected",
            Self::Usage => "usage",
            Self::Rejected => "rejected",
            Self::NotSent => "not_sent",
            Self::OutcomeUnknown | Self::CodeUnknown => "outcome_unknown",
            Self::Denied => "denied",
            Self::Wait => "wait",
            Self::TimedOut => "timed_out",
            Self::NotSignedIn => "not_signed_in",
            Self::Cancelled => "cancelled",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Returns the name of a reason for `--json`.
pub(crate) fn reason_name(reason: RejectionReason) -> &'static str {
    match reason {
        RejectionReason::CodeInvalid => "code_invalid",
        RejectionReason::CodeExpired => "code_expired",
        RejectionReason::CodeRejected => "code_rejected",
        RejectionReason::ChallengeMethodMismatch => "challenge_method_mismatch",
        RejectionReason::InvalidGrant => "invalid_grant",
        RejectionReason::InvalidRequest => "invalid_request",
        RejectionReason::Unauthorized => "unauthorized",
        RejectionReason::Forbidden => "forbidden",
        RejectionReason::NotFound => "not_found",
        RejectionReason::Conflict => "conflict",
        RejectionReason::RateLimited => "rate_limited",
        RejectionReason::ServerError => "server_error",
        RejectionReason::NotFromOpenRouter => "not_from_openrouter",
        _ => "other",
    }
}
