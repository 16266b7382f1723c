//! Links in Markdown: a relative link leads to a file, and its `#anchor` to a heading.
//!
//! In the documents of the root, a code span that looks like a path must be the path of a file or folder.

use super::files::{Files, ending};

pub(super) fn check(files: &Files) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, text) in ending(files, ".md") {
        for (number, line) in prose(text) {
            let words: String = line.split('`').step_by(2).collect();
            let broken = links(&words).into_iter().filter(|link| !resolves(files, path, link));
            findings.extend(broken.map(|link| format!("{path}:{number}: `{link}` leads nowhere")));

            let spans = line.split('`').skip(1).step_by(2).filter(|_| !path.contains('/'));
            let missing = spans.filter(|span| looks_like_a_path(files, span) && !exists(files, span));
            findings.extend(missing.map(|span| format!("{path}:{number}: there is no `{span}`")));
        }
    }
    findings
}

/// Returns the lines with their numbers, without code blocks.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            lines.push((number, line));
        }
    }
    lines
}

/// Returns whether a code span begins with a folder of the root and contains no placeholder such as `NAME`.
fn looks_like_a_path(files: &Files, span: &str) -> bool {
    let folder = span.split_once('/').map(|(folder, _)| folder);
    folder.is_some_and(|folder| is_folder(files, folder))
        && !span.contains([' ', '*', '{'])
        && !span.contains("NAME")
}

/// Returns whether the file or folder exists. `file.rs::test` means the file.
fn exists(files: &Files, path: &str) -> bool {
    let path = path.split("::").next().unwrap_or(path).trim_end_matches('/');
    files.contains_key(path) || is_folder(files, path)
}

fn is_folder(files: &Files, path: &str) -> bool {
    files.keys().any(|file| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
}

/// Returns the targets of `[text](target "title")` and of `[label]: target`.
fn links(line: &str) -> Vec<&str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    inline.chain(definition.map(|(_, target)| target.trim())).collect()
}

fn resolves(files: &Files, from: &str, link: &str) -> bool {
    if link.contains("://") || link.starts_with("mailto:") {
        return true;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let Some(target) = join(from, path) else {
        return false;
    };
    match files.get(&target) {
        Some(text) => anchor.is_empty() || anchors(text).iter().any(|known| known == anchor),
        None => anchor.is_empty() && is_folder(files, &target),
    }
}

/// Resolves a link relative to the file that contains it. `None` if the path leaves the repository.
fn join(from: &str, path: &str) -> Option<String> {
    if path.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Returns the anchors that forges generate from headings: lowercase, hyphens for spaces, a number for duplicates.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        if in_code || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let base = anchor(heading.trim());
        let again = (1..).map(|number| format!("{base}-{number}"));
        let free = [base.clone()].into_iter().chain(again).find(|name| !anchors.contains(name));
        anchors.extend(free);
    }
    anchors
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check as check_rule;

    #[track_caller]
    fn check_link(link: &str, resolves: bool) {
        let readme = format!("# A\n\n[text]({link})\n");
        let files = [
            ("docs/README.md", readme.as_str()),
            ("DESIGN.md", "## Why `once`?\n```\n# code\n```\n## Why once?\n"),
            ("crates/a/src/lib.rs", ""),
        ];
        let finding = format!("docs/README.md:3: `{link}` leads nowhere");
        let expected: &[&str] = if resolves { &[] } else { &[&finding] };
        check_rule(check, &files, expected);
    }

    #[test]
    fn dead_link_is_found() {
        for link in ["../DESIGN.md", "../DESIGN.md \"title\"", "README.md", "../crates/a", "../crates/a/src/"]
        {
            check_link(link, true);
        }
        for link in ["DESIGN.md", "../../DESIGN.md", "../../../DESIGN.md", "../crates/b", "../crat"] {
            check_link(link, false);
        }
    }

    #[test]
    fn anchor_without_a_heading_is_found() {
        for link in ["#a", "../DESIGN.md#why-once", "../DESIGN.md#why-once-1"] {
            check_link(link, true);
        }
        for link in ["#b", "../DESIGN.md#why-once-2", "../DESIGN.md#code", "../crates/a#a"] {
            check_link(link, false);
        }
    }

    #[test]
    fn external_links_and_code_are_ignored() {
        check_link("https://openrouter.ai/docs", true);
        let code = "`[a](b)`\n```rust\nlist[a](b)\n```\n";
        check_rule(check, &[("README.md", code)], &[]);
    }

    #[test]
    fn missing_path_in_a_root_document_is_found() {
        let check_span = |document: &str, span: &str, finding: &[&str]| {
            let text = format!("A `word`, and `{span}`.\n");
            check_rule(check, &[(document, &text), ("crates/a/src/lib.rs", "")], finding);
        };
        for span in ["crates/a/src/lib.rs", "crates/a", "crates/a/src/", "crates/a/src/lib.rs::a_test"] {
            check_span("README.md", span, &[]);
        }
        for span in ["crates/a/NAME.rs", "crates/*/src", "/callback/{attempt_id}", "target/debug", "foo/"] {
            check_span("README.md", span, &[]);
        }
        check_span("README.md", "crates/b.rs", &["README.md:1: there is no `crates/b.rs`"]);
        check_span("README.md", "crates/a/s", &["README.md:1: there is no `crates/a/s`"]);
        check_span("crates/a/README.md", "crates/b.rs", &[]);
    }

    #[test]
    fn link_definition_is_checked() {
        check_rule(check, &[("README.md", "[a]: gone.md\n")], &["README.md:1: `gone.md` leads nowhere"]);
    }
}
