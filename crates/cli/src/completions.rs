//! `completions`: prints a shell's completion script.

use clap::CommandFactory as _;
use serde::Serialize;

use crate::{
    args::{Args, CompletionsOptions},
    exit::Failure,
    output::Output,
};

pub(crate) fn run(options: &CompletionsOptions, output: Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut command = Args::command();
    clap_complete::generate(options.shell, &mut command, "openrouter-oauth", &mut script);
    // In its script for bash, clap_complete 4.6 uses two names for a program with a hyphen (clap-rs/clap#6421).
    let script = String::from_utf8_lossy(&script).replace("openrouter__subcmd__oauth", "openrouter__oauth");
    let completions = Completions { shell: options.shell.to_string(), script: &script };
    output.result(&completions, script.trim_end())
}

#[derive(Serialize)]
struct Completions<'a> {
    shell: String,
    script: &'a str,
}
