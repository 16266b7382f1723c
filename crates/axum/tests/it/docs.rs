//! The documentation, and the size of the example.

const APP: &str = include_str!("../../examples/web_app/app.rs");
const MAIN: &str = include_str!("../../examples/web_app/main.rs");
const README: &str = include_str!("../../README.md");
const SIGN_IN: &str = include_str!("../../examples/web_app/sign_in.rs");

#[test]
fn sign_in_takes_at_most_20_lines() {
    let lines = SIGN_IN.lines().filter(|line| !line.is_empty() && !line.trim_start().starts_with("//"));
    assert!(lines.count() <= 20);
    assert!(SIGN_IN.contains("store_key") && SIGN_IN.contains("SealedKey::seal"));
}

/// Returns the blocks of code in the README from which a reader builds an application.
fn blocks() -> Vec<&'static str> {
    let (_, section) = README.split_once("## Add it to an application\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    blocks_of(section).collect()
}

#[test]
fn readme_shows_only_code_of_the_example() {
    for block in blocks() {
        let is_shown = [APP, MAIN, SIGN_IN].iter().any(|file| file.contains(block));
        assert!(is_shown, "copy the code of examples/web_app into README.md:\n{block}");
    }
}

#[test]
fn readme_shows_all_code_of_the_example() {
    let blocks = blocks();
    let lines = [APP, MAIN, SIGN_IN].into_iter().flat_map(str::lines);
    for line in lines.filter(|line| !line.starts_with("//!") && !line.starts_with("#![")) {
        let is_shown = blocks.iter().any(|block| block.lines().any(|shown| shown == line));
        assert!(is_shown, "copy the code of examples/web_app into README.md:\n{line}");
    }
}

/// Pages, each with the files that have its code. `tests/web` compares the others.
const PAGES: [(&str, &[&str]); 4] = [
    (
        include_str!("../../docs/custom-pages.md"),
        &[include_str!("how_to/custom_pages.rs"), include_str!("how_to/data.rs")],
    ),
    (include_str!("../../docs/sessions.md"), &[include_str!("how_to/sessions.rs")]),
    (include_str!("../../docs/several-instances.md"), &[include_str!("how_to/several_instances.rs")]),
    (include_str!("../../docs/testing.md"), &[include_str!("how_to/testing.rs")]),
];

#[test]
fn pages_show_code_that_is_tested() {
    for (page, files) in PAGES {
        assert_eq!(blocks_of(page).count(), files.len(), "{page}");
        for (block, file) in blocks_of(page).zip(files) {
            assert!(file.contains(block), "copy the code of tests/it/how_to:\n{block}");
        }
    }
}

fn blocks_of(text: &'static str) -> impl Iterator<Item = &'static str> {
    let blocks = text.split("```rust").skip(1);
    blocks.map(|rest| rest.split_once('\n').unwrap().1.split_once("```").unwrap().0)
}
