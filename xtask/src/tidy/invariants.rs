//! Invariants: each one in ARCHITECTURE.md ends with the tests or checks that enforce it, in parentheses, and those
//! exist.
//!
//! > **Invariant:** a code is sent once. (`tests/it/resend.rs`, `cargo xtask layers`, `a_code_works_once`)

use super::files::{Files, ending};

const FILE: &str = "ARCHITECTURE.md";

pub(super) fn check(files: &Files) -> Vec<String> {
    let text = files.get(FILE).map_or("", String::as_str);
    let invariants = invariants(text);
    if invariants.is_empty() {
        return vec![format!("{FILE}: no invariants found")];
    }
    invariants.iter().flat_map(|(number, invariant)| check_one(files, *number, invariant)).collect()
}

/// Returns each invariant as one line, with the number of its first line.
fn invariants(text: &str) -> Vec<(usize, String)> {
    let mut invariants: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_start_matches(['>', '*', '-', ' ']);
        let begins = line.starts_with("Invariant:") || line.starts_with("Invariant*");
        if begins {
            invariants.push((number, String::new()));
        }
        inside = begins || (inside && !line.is_empty());
        if let (true, Some((_, invariant))) = (inside, invariants.last_mut()) {
            invariant.push_str(line);
            invariant.push(' ');
        }
    }
    invariants
}

fn check_one(files: &Files, number: usize, invariant: &str) -> Vec<String> {
    let holders = holders(invariant);
    if holders.is_empty() {
        return vec![format!(
            "{FILE}:{number}: the invariant does not end with what enforces it, as in (`a_code_works_once`)"
        )];
    }
    let missing = holders.into_iter().filter(|holder| !exists(files, holder));
    missing
        .map(|holder| format!("{FILE}:{number}: `{holder}` enforces the invariant, but does not exist"))
        .collect()
}

/// Returns the code spans in the parentheses at the end.
fn holders(invariant: &str) -> Vec<&str> {
    let end = invariant.trim_end().trim_end_matches('.');
    let Some((_, parentheses)) = end.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) else {
        return vec![];
    };
    parentheses.split('`').skip(1).step_by(2).collect()
}

/// Returns whether `holder` is an xtask command, a file, a test in a file (`file.rs::test`), or a test.
fn exists(files: &Files, holder: &str) -> bool {
    if let Some(command) = holder.trim_start_matches("cargo ").strip_prefix("xtask ") {
        return crate::help::is_command(command);
    }
    let defines = |text: &str, test: &str| text.contains(&format!("fn {test}("));
    match holder.split_once(".rs::") {
        Some((file, test)) => files.get(&format!("{file}.rs")).is_some_and(|text| defines(text, test)),
        None => files.contains_key(holder) || ending(files, ".rs").any(|(_, text)| defines(text, holder)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check as check_rule;

    #[track_caller]
    fn check_text(text: &str, expected: &[&str]) {
        check_rule(check, &[(FILE, text), ("tests/it/a.rs", "fn a_code_works_once() {}\n")], expected);
    }

    #[test]
    fn existing_guard_of_an_invariant_passes() {
        for holder in [
            "`a_code_works_once`",
            "`tests/it/a.rs`",
            "`tests/it/a.rs::a_code_works_once`",
            "`cargo xtask layers`",
            "`xtask tidy`",
        ] {
            check_text(
                &format!("> **Invariant:** a code (`code`)\n> works once. ({holder})\n\nMore.\n"),
                &[],
            );
        }
    }

    #[test]
    fn missing_guard_of_an_invariant_is_found() {
        for holder in ["a_code_works", "tests/it/b.rs", "tests/it/a.rs::b", "xtask frobnicate"] {
            check_text(
                &format!("# A\n\n* **Invariant:** a code\n  works once (`a_code_works_once`, `{holder}`).\n"),
                &[&format!("ARCHITECTURE.md:3: `{holder}` enforces the invariant, but does not exist")],
            );
        }
    }

    #[test]
    fn unguarded_invariant_is_found() {
        let finding = "ARCHITECTURE.md:1: the invariant does not end with what enforces it, as in (`a_code_works_once`)";
        check_text("**Invariant:** a code works once.\n\n(`a_code_works_once`)\n", &[finding]);
        check_text("**Invariant:** a code works once (we hope).\n", &[finding]);
        check_text("# A\n", &["ARCHITECTURE.md: no invariants found"]);
    }
}
