//! Requirements: a test names each rule of tests/requirements.md, and every rule named in a comment exists there.
//!
//! > * **C-10** No redirect is followed.
//!
//! No test names a suspended rule, which gives the reason:
//!
//! > * **C-20** (suspended: no transport speaks HTTP/2 yet) HTTP/1.1 by default.

use std::collections::BTreeSet;

use super::files::{Files, ending};

const FILE: &str = "tests/requirements.md";

pub(super) fn check(files: &Files) -> Vec<String> {
    let list = files.get(FILE).map_or("", String::as_str);
    let (rules, suspended) = (rules(list), suspended(list));
    if rules.is_empty() {
        return vec![format!("{FILE}: no rules found")];
    }
    let (mut findings, mut held) = (Vec::new(), BTreeSet::new());
    for (path, text) in ending(files, ".rs").filter(|(path, _)| !path.starts_with("xtask/")) {
        let named = named(text, &rules);
        let unknown = named.iter().filter(|name| !rules.contains(*name));
        findings.extend(unknown.map(|name| format!("{path}: {name} is not a rule of {FILE}")));
        if is_test(path, text) {
            held.extend(named);
        }
    }
    let unheld = rules.difference(&held).filter(|rule| !suspended.contains(*rule));
    findings.extend(unheld.map(|rule| format!("{FILE}: no test names {rule}")));
    let revived = suspended.intersection(&held);
    findings.extend(revived.map(|rule| format!("{FILE}: {rule} is suspended, but a test names it")));
    findings
}

/// Returns the numbers of all rules.
fn rules(text: &str) -> BTreeSet<&str> {
    items(text).map(|(name, _)| name).collect()
}

/// Returns the numbers of the suspended rules, which need no test.
fn suspended(text: &str) -> BTreeSet<&str> {
    items(text).filter(|(_, rule)| rule.starts_with(" (suspended: ")).map(|(name, _)| name).collect()
}

/// Returns each number in the list, with the rest of its first line.
fn items(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let items = text.lines().filter_map(|line| line.strip_prefix("* **")?.split_once("**"));
    items.filter(|(name, _)| family(name).is_some())
}

/// Returns the words in comments that look like one of these rules.
fn named<'a>(text: &'a str, rules: &BTreeSet<&str>) -> BTreeSet<&'a str> {
    let comments = text.lines().filter_map(|line| Some(line.split_once("//")?.1));
    let words = comments.flat_map(|comment| comment.split(|c: char| !c.is_ascii_alphanumeric() && c != '-'));
    let families: BTreeSet<_> = rules.iter().filter_map(|rule| family(rule)).collect();
    words.filter(|word| family(word).is_some_and(|family| families.contains(family))).collect()
}

/// Returns `C-` for `C-10`. `None` unless the name is a letter, an optional hyphen, and one or two digits.
fn family(name: &str) -> Option<&str> {
    let family = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_family = matches!(family.as_bytes(), [b'A'..=b'Z'] | [b'A'..=b'Z', b'-']);
    (is_family && matches!(name.len() - family.len(), 1 | 2)).then_some(family)
}

fn is_test(path: &str, text: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || text.contains("#[cfg(test)]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check as check_rule;

    const RULES: &str = "# Rules\n\n* **C-1** One.\n* **F2** Two,\n  see C-9.\n* **N, not sent**: three.\n";

    #[track_caller]
    fn check_test(text: &str, expected: &[&str]) {
        check_rule(check, &[(FILE, RULES), ("tests/it/a.rs", text)], expected);
    }

    #[test]
    fn rule_and_test_that_name_each_other_pass() {
        check_test("//! A (F2).\n\n    // C-1: sha256, S256, P-256, X1 and F256 are not rules.\n", &[]);
    }

    #[test]
    fn rule_without_a_test_is_found() {
        check_test("// C-1\nlet name = \"F2\";\n", &["tests/requirements.md: no test names F2"]);
        let code = ("crates/a/src/a.rs", "// C-1, F2\n");
        check_rule(
            check,
            &[(FILE, RULES), code],
            &["tests/requirements.md: no test names C-1", "tests/requirements.md: no test names F2"],
        );
        check_rule(check, &[(FILE, RULES), (code.0, "// C-1, F2\n#[cfg(test)]\n")], &[]);
        check_rule(check, &[], &["tests/requirements.md: no rules found"]);
    }

    #[test]
    fn only_a_suspended_rule_needs_no_test() {
        let rules = "* **C-1** (suspended: nothing does it yet) One.\n* **C-2** Two.\n";
        let test = |text| [(FILE, rules), ("tests/it/a.rs", text)];
        check_rule(check, &test("// C-2\n"), &[]);
        check_rule(
            check,
            &test("// C-1\n"),
            &[
                "tests/requirements.md: no test names C-2",
                "tests/requirements.md: C-1 is suspended, but a test names it",
            ],
        );
    }

    #[test]
    fn number_without_a_rule_is_found() {
        check_test("// C-1, F2, F3\n", &["tests/it/a.rs: F3 is not a rule of tests/requirements.md"]);
    }
}
