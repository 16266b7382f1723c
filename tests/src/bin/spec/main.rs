//! Holds the models against an OpenAPI document, both ways, by asking the types themselves.
//!
//! `cargo xtask spec FILE` runs this. For each operation that both have, a sample of every message is made from the
//! document's schema and given to the type, whole and with one thing changed at a time; and every example is read and
//! written back. A difference is fine if `known` lists it with its reason.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]
#![expect(clippy::indexing_slicing, reason = "an index of a JSON value is null where there is nothing")]

mod compare;
mod document;
mod examples;
mod fields;
mod findings;
mod json;
mod known;
mod model;
mod probe;
mod schema;

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

/// Compares, reports, and says whether every difference is listed and every entry of the list is used.
fn run() -> Result<bool, String> {
    let file = env::args_os().nth(1).ok_or("usage: spec FILE, an OpenAPI document as YAML or JSON")?;
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let document = Document::parse(&text)?;
    let mut findings = Findings::default();
    for model in model::all() {
        compare::operation(&document, &model, &mut findings)?;
    }
    Ok(report(&findings))
}

fn report(findings: &Findings) -> bool {
    for operation in &findings.absent {
        println!("{operation} is not in the document, so nothing is compared");
    }
    let mut is_fine = true;
    for entry in KNOWN {
        println!("listed, since {}:", entry.reason);
        let mut fitting = findings.differences.iter().filter(|difference| entry.fits(difference)).peekable();
        if fitting.peek().is_none() {
            println!("  FAIL: no difference fits `{}`: take it off the list", entry.pattern);
            is_fine = false;
        }
        fitting.for_each(|difference| println!("  {difference}"));
    }
    let (listed, not_listed): (Vec<_>, Vec<_>) =
        findings.differences.iter().partition(|difference| KNOWN.iter().any(|entry| entry.fits(difference)));
    for difference in &not_listed {
        println!("FAIL: {difference}");
    }
    println!("spec: {findings}, {} differences listed, {} not listed", listed.len(), not_listed.len());
    is_fine && not_listed.is_empty()
}
