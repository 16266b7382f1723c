//! Endpoints: each has a file of the same name in the models, the emulator and the tests.

use super::files::{Files, ending};

/// The endpoint files of the models.
const FOLDER: &str = "crates/models/src/endpoints/";

pub(super) fn check(files: &Files) -> Vec<String> {
    let endpoints: Vec<_> = ending(files, ".rs").filter(|(path, _)| path.starts_with(FOLDER)).collect();
    if endpoints.is_empty() {
        return vec![format!("{FOLDER}: no endpoints found")];
    }
    endpoints
        .iter()
        .flat_map(|(path, text)| [heading(path, text), companions(files, path)].concat())
        .collect()
}

/// Checks that the first line has the same method and path as the code.
fn heading(path: &str, text: &str) -> Vec<String> {
    let Some((method, route)) = text.lines().next().and_then(parse_heading) else {
        return vec![format!("{path}: does not begin with its method and path, as in //! `GET /key`")];
    };
    let wanted = [format!("Method::{method};"), format!("\"{route}\";")];
    let missing = wanted.iter().filter(|code| !text.contains(code.as_str()));
    missing
        .map(|code| format!("{path}: its heading is `{method} {route}`, but the code has no `{code}`"))
        .collect()
}

fn parse_heading(line: &str) -> Option<(&str, &str)> {
    let heading = line.strip_prefix("//! `")?.strip_suffix('`')?;
    heading.split_once(' ').filter(|(_, route)| route.starts_with('/'))
}

/// Checks that the emulator and the tests have a file of the same name.
fn companions(files: &Files, path: &str) -> Vec<String> {
    let name = path.trim_start_matches(FOLDER);
    let exists = |folder: &str| ending(files, &format!("/{name}")).any(|(path, _)| path.starts_with(folder));
    let missing =
        ["crates/emulator/src/endpoints/", "tests/it/"].into_iter().filter(|folder| !exists(folder));
    missing.map(|folder| format!("{path}: there is no {name} in {folder}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check as check_rule;

    const MODEL: &str = "crates/models/src/endpoints/a.rs";
    const GOOD: &str =
        "//! `GET /key`\n//!\nconst METHOD: Method = Method::GET;\nconst PATH: &str = \"/key\";\n";

    #[track_caller]
    fn check_model(text: &str, expected: &[&str]) {
        let others = [("crates/emulator/src/endpoints/a.rs", ""), ("tests/it/a.rs", "")];
        check_rule(check, &[(MODEL, text), others[0], others[1]], expected);
    }

    #[test]
    fn endpoint_without_method_and_path_is_found() {
        check_model(GOOD, &[]);
        for heading in ["//! Reads a key.", "//! `GET key`", "//! GET /key", ""] {
            check_model(
                &GOOD.replace("//! `GET /key`", heading),
                &[
                    "crates/models/src/endpoints/a.rs: does not begin with its method and path, as in //! `GET /key`",
                ],
            );
        }
    }

    #[test]
    fn heading_that_contradicts_the_code_is_found() {
        check_model(
            &GOOD.replace("//! `GET /key`", "//! `POST /keys`"),
            &[
                "crates/models/src/endpoints/a.rs: its heading is `POST /keys`, but the code has no `Method::POST;`",
                "crates/models/src/endpoints/a.rs: its heading is `POST /keys`, but the code has no `\"/keys\";`",
            ],
        );
    }

    #[test]
    fn endpoint_missing_elsewhere_is_found() {
        check_rule(
            check,
            &[(MODEL, GOOD), ("tests/it/aa.rs", "")],
            &[
                "crates/models/src/endpoints/a.rs: there is no a.rs in crates/emulator/src/endpoints/",
                "crates/models/src/endpoints/a.rs: there is no a.rs in tests/it/",
            ],
        );
        check_rule(check, &[], &["crates/models/src/endpoints/: no endpoints found"]);
    }
}
