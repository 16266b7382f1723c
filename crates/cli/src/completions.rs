//! `completions`: what a shell proposes after a tab.

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
    // clap_complete 4.6 gives a program with a hyphen two names in its script for bash (clap-rs/clap#6421).
    let script = String::from_utf8_lossy(&script).replace("openrouter__subcmd__oauth", "openrouter__oauth");
    let completions = Completions { shell: options.shell.to_string(), script: &script };
    output.result(&completions, script.trim_end())
}

#[derive(Serialize)]
struct Completions<'a> {
    shell: String,
    script: &'a str,
}
