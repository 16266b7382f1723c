//! Says what is wrong with the arguments.

use std::{env, error::Error as _, process::ExitCode};

use clap::error::{ContextKind, ErrorKind};
use openrouter_oauth::models::ServerText;

use crate::{exit::Exit, output::Output};

/// Shows the help that was asked for, or what is wrong.
pub(crate) fn report(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // If nobody reads it, nobody needs it.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    // The arguments were not understood, so this is only a guess at the person's wish.
    let json = env::args_os().any(|arg| arg == "--json");
    Output::new(json).usage(&message(error));
    Exit::Usage.into()
}

/// What is wrong, fit to print. A stray value is not shown: it may be a secret that somebody tried to pass.
fn message(error: &clap::Error) -> String {
    let argument = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    let argument = argument.unwrap_or_default();
    let text = match (error.kind(), error.source()) {
        (ErrorKind::UnknownArgument, _) if !argument.starts_with('-') => {
            "there is an argument too many; secrets are read from the environment or from standard input"
                .to_owned()
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
