//! Rust files: each begins with a description, is short, and contains no unfinished code.

use super::files::{Files, ending};

/// The maximum number of lines of a file. A longer one is probably about two things.
const LINES: usize = 450;

/// Marks of unfinished code, each written in two halves because the rule also reads this file.
const MARKS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("#[ig", "nore"),
    concat!("#[should", "_panic"),
];

pub(super) fn check(files: &Files) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, text) in ending(files, ".rs") {
        if !text.starts_with("//! ") {
            findings.push(format!("{path}: does not begin with a `//!` description"));
        }
        if path.ends_with("/mod.rs") {
            findings.push(format!(
                "{path}: belongs next to its folder, as `{}.rs`",
                path.trim_end_matches("/mod.rs")
            ));
        }
        for (number, line) in text.lines().enumerate() {
            let marks = MARKS.iter().filter(|mark| line.contains(**mark));
            findings.extend(marks.map(|mark| format!("{path}:{}: `{mark}` is left in", number + 1)));
        }
        let lines = text.lines().count();
        if path.starts_with("crates/") && path.contains("/src/") && lines > LINES {
            findings.push(format!("{path}: has {lines} lines, the limit is {LINES}"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check as check_rule;

    #[track_caller]
    fn check_file(path: &str, text: &str, expected: &[&str]) {
        check_rule(check, &[(path, text)], expected);
    }

    #[test]
    fn file_without_a_module_comment_is_found() {
        check_file("tests/it/a.rs", "//! What it is.\nfn a() {}\n", &[]);
        let finding = "tests/it/a.rs: does not begin with a `//!` description";
        check_file("tests/it/a.rs", "fn a() {}\n", &[finding]);
        check_file("tests/it/a.rs", "", &[finding]);
    }

    #[test]
    fn unfinished_code_is_found() {
        for mark in MARKS {
            let text = format!("//! A.\n\n{mark}\n");
            check_file("xtask/src/a.rs", &text, &[&format!("xtask/src/a.rs:3: `{mark}` is left in")]);
        }
    }

    #[test]
    fn mod_file_is_found() {
        check_file(
            "tests/it/a/mod.rs",
            "//! A.\n",
            &["tests/it/a/mod.rs: belongs next to its folder, as `tests/it/a.rs`"],
        );
    }

    #[test]
    fn long_file_is_found() {
        check_file("crates/a/src/a.rs", &"//! A.\n".repeat(LINES), &[]);
        check_file(
            "crates/a/src/a.rs",
            &"//! A.\n".repeat(LINES + 1),
            &["crates/a/src/a.rs: has 451 lines, the limit is 450"],
        );
    }
}
