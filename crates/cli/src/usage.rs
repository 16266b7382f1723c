//! Says what is wrong with the arguments.

use std::{env, error::Error as _, process::ExitCode};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use openrouter_oauth::models::ServerText;

use crate::{exit::Exit, output::Output};

/// Shows the help that was asked for, or what is wrong.
pub(crate) fn report(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // If nobody reads it, nobody needs it.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    // The arguments were not understood, so this is only a guess at the user's wish.
    let json = env::args_os().any(|arg| arg == "--json");
    Output::new(json).usage(&message(error));
    Exit::Usage.into()
}

/// What is wrong, fit to print. A stray value is not shown: it may be a secret that somebody tried to pass.
fn message(error: &clap::Error) -> String {
    let about = |kind| error.get(kind).map(ContextValue::to_string).unwrap_or_default();
    let argument = about(ContextKind::InvalidArg);
    let text = match (error.kind(), error.source()) {
        (ErrorKind::UnknownArgument, _) if !argument.starts_with('-') => {
            "unexpected argument; secrets are read from the environment or from standard input".to_owned()
        }
        (ErrorKind::InvalidSubcommand, _) => match about(ContextKind::SuggestedSubcommand) {
            similar if similar.is_empty() => {
                "unrecognized subcommand; `--help` lists those there are".to_owned()
            }
            similar => format!("unrecognized subcommand; a similar one is {similar}"),
        },
        (ErrorKind::InvalidValue, _) => match about(ContextKind::ValidValue) {
            valid if valid.is_empty() => format!("{argument}: a value is missing"),
            valid => format!("{argument}: not one of {valid}"),
        },
        (ErrorKind::TooManyValues, _) => format!("{argument}: takes no value"),
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
