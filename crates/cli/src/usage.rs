//! Reports errors in the arguments.

use std::{env, error::Error as _, process::ExitCode};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use openrouter_oauth::models::ServerText;

use crate::{exit::Exit, output::Output};

/// Prints the requested help, or reports the error.
pub(crate) fn report(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // If the help cannot be written, nobody is reading it.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    // The arguments are invalid, so this only guesses whether the user wants JSON.
    let json = env::args_os().any(|arg| arg == "--json");
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && !json {
        // The user may only want to see what there is, so this is the help, not an error message.
        let _ = error.print();
        return Exit::Usage.into();
    }
    Output::new(json).usage(&message(error));
    Exit::Usage.into()
}

/// Returns a message that is safe to print. It does not show a stray value, which may be a secret that the user tried
/// to pass.
fn message(error: &clap::Error) -> String {
    let about = |kind| error.get(kind).map(ContextValue::to_string).unwrap_or_default();
    let argument = about(ContextKind::InvalidArg);
    let text = match (error.kind(), error.source()) {
        (ErrorKind::UnknownArgument, _) if !argument.starts_with('-') => {
            "unexpected argument; secrets are read from the environment or from standard input".to_owned()
        }
        (ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, _) => {
            "missing subcommand; `--help` lists the subcommands".to_owned()
        }
        (ErrorKind::InvalidSubcommand, _) => match typo(error) {
            None => "unrecognized subcommand; `--help` lists the subcommands".to_owned(),
            Some((typed, similar)) => format!("unrecognized subcommand `{typed}`; did you mean `{similar}`?"),
        },
        (ErrorKind::InvalidValue, _) => match about(ContextKind::ValidValue) {
            valid if valid.is_empty() => format!("{argument}: missing value"),
            valid => format!("{argument}: must be one of {valid}"),
        },
        (ErrorKind::TooManyValues, _) => format!("{argument}: does not take a value"),
        (ErrorKind::ValueValidation, Some(problem)) => format!("{argument}: {problem}"),
        _ => error.render().to_string(),
    };
    let lines: Vec<String> = text
        .trim_start_matches("error: ")
        .trim_end()
        .lines()
        .map(|line| ServerText::new(line).to_string())
        .collect();
    lines.join("\n")
}

/// Returns an unrecognized subcommand and the most similar one. Does not return text that may be a secret.
fn typo(error: &clap::Error) -> Option<(&str, &str)> {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    // clap sorts them by similarity and puts the most similar one last.
    let similar = match error.get(ContextKind::SuggestedSubcommand)? {
        ContextValue::Strings(similar) => similar.last()?,
        ContextValue::String(similar) => similar,
        _ => return None,
    };
    let is_word = typed.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    (is_word && typed.len() <= MAX_TYPO).then_some((typed, similar))
}

/// A little more than the longest subcommand, and less than any secret.
const MAX_TYPO: usize = 16;
