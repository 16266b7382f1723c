//! `man`: writes the manual, one page per command.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory as _};
use clap_mangen::{
    Man,
    roff::{Roff, roman},
};
use serde::Serialize;

use crate::{
    args::{self, Args, ManOptions},
    exit::Failure,
    output::Output,
};

pub(crate) fn run(options: &ManOptions, output: Output) -> Result<(), Failure> {
    let folder = &options.folder;
    fs::create_dir_all(folder).map_err(|source| failure(folder, "create", source))?;
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    write_all(&program, folder, &mut pages)?;
    output.result(&Pages { pages: &pages }, &pages.join("\n"))
}

#[derive(Serialize)]
struct Pages<'a> {
    pages: &'a [String],
}

/// Writes the pages of a command and its subcommands.
fn write_all(command: &Command, folder: &Path, pages: &mut Vec<String>) -> Result<(), Failure> {
    let man = Man::new(command.clone()).manual("openrouter-oauth");
    let path = folder.join(man.get_filename());
    let write = || fs::write(&path, page(command, &man)?);
    write().map_err(|source| failure(&path, "write", source))?;
    pages.push(path.display().to_string());
    command.get_subcommands().try_for_each(|subcommand| write_all(subcommand, folder, pages))
}

/// Renders a page with `clap_mangen`, except for the text after the options. That text has columns, so its lines stay
/// as they are in the help.
fn page(command: &Command, man: &Man) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    for (title, text) in sections(command) {
        // The section's title already says this.
        let text = text.strip_prefix("Examples:\n").unwrap_or(&text);
        let mut roff = Roff::new();
        roff.control("SH", [title]).control("nf", []);
        for line in text.lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []).to_writer(&mut page)?;
    }
    Ok(page)
}

/// Returns the sections that follow the options in the help, with titles.
fn sections(command: &Command) -> Vec<(&'static str, String)> {
    // The program's own sections are long enough to need a title each.
    if command.get_name() == "openrouter-oauth" {
        return args::SECTIONS.map(|(title, text)| (title, text.to_owned())).to_vec();
    }
    command.get_after_help().map(|text| ("NOTES", text.to_string())).into_iter().collect()
}

fn failure(path: &Path, action: &'static str, source: io::Error) -> Failure {
    Failure::File { path: PathBuf::from(path), action, source }
}
