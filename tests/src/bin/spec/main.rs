//! Compares the models with an OpenAPI document, in both directions, through the models' own serialization, and the
//! emulator's responses with the document.
//!
//! `cargo xtask spec FILE` runs this. For each operation in both the models and the document, it builds a sample of
//! every message from the document's schema, and deserializes it as a whole and with one change at a time. It also
//! deserializes and serializes every example. Then it sends requests to the emulator until it has had each documented
//! status, and checks the bodies. A difference is accepted if `known` lists it with a reason.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]
#![expect(clippy::indexing_slicing, reason = "indexing a JSON value returns null if it is missing")]

mod compare;
mod document;
mod emulator;
mod examples;
mod findings;
mod json;
mod known;
mod model;
mod probe;
mod schema;
mod validate;

use std::{env, fs, process::ExitCode};

use crate::{document::Document, findings::Findings, known::KNOWN};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("spec: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Compares and reports. Returns whether every difference is listed and every list entry matches a difference.
fn run() -> Result<bool, String> {
    let file = env::args_os().nth(1).ok_or("usage: spec FILE, an OpenAPI document as YAML or JSON")?;
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let document = Document::parse(&text)?;
    let mut findings = Findings::default();
    for model in model::all() {
        compare::compare_operation(&document, &model, &mut findings)?;
    }
    emulator::compare(&document, &mut findings)?;
    Ok(report(&findings))
}

fn report(findings: &Findings) -> bool {
    for operation in &findings.absent {
        println!(
            "{operation} is not in the document: neither the model nor the emulator is compared with it"
        );
    }
    let mut is_fine = true;
    for entry in KNOWN {
        println!("listed, because {}:", entry.reason);
        let mut matching =
            findings.differences.iter().filter(|difference| entry.matches(difference)).peekable();
        if matching.peek().is_none() {
            println!("  FAIL: no difference matches `{}`: remove it from the list", entry.pattern);
            is_fine = false;
        }
        matching.for_each(|difference| println!("  {difference}"));
    }
    let (listed, not_listed): (Vec<_>, Vec<_>) = findings
        .differences
        .iter()
        .partition(|difference| KNOWN.iter().any(|entry| entry.matches(difference)));
    for difference in &not_listed {
        println!("FAIL: {difference}");
    }
    println!("spec: {findings}, {} differences listed, {} not listed", listed.len(), not_listed.len());
    is_fine && not_listed.is_empty()
}
