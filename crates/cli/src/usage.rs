//! Reports errors in the arguments.

use std::{
    env,
    error::Error as StdError,
    num::{IntErrorKind, ParseIntError},
    process::ExitCode,
};

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
        (ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, _) => {
            format!("missing subcommand\n\n{}", error.render())
        }
        (ErrorKind::MissingSubcommand, _) => "missing subcommand; `--help` lists the subcommands".to_owned(),
        (ErrorKind::InvalidSubcommand, _) => match about(ContextKind::SuggestedSubcommand) {
            similar if similar.is_empty() => {
                "unrecognized subcommand; `--help` lists the subcommands".to_owned()
            }
            similar => format!("unrecognized subcommand; similar names: {similar}"),
        },
        (ErrorKind::InvalidValue, _) => match about(ContextKind::ValidValue) {
            valid if valid.is_empty() => format!("{argument}: missing value"),
            valid => format!("{argument}: must be one of {valid}"),
        },
        (ErrorKind::TooManyValues, _) => format!("{argument}: does not take a value"),
        (ErrorKind::ValueValidation, Some(problem)) if is_not_a_number(problem) => {
            format!("{argument}: must be a whole number")
        }
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

/// Returns whether a value is not a number at all. The standard library's message speaks of a digit in a string.
fn is_not_a_number(problem: &(dyn StdError + 'static)) -> bool {
    let kind = problem.downcast_ref::<ParseIntError>().map(ParseIntError::kind);
    matches!(kind, Some(IntErrorKind::Empty | IntErrorKind::InvalidDigit))
}
