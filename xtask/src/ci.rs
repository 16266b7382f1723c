//! `ci`: every step, or those named, to the end; then what each took.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use crate::Result;

/// What runs when no step is named.
///
/// `layers`, `tidy` and `doctest` run within `test`; `spec` needs a document, which is not part of the repository.
const STEPS: &[&str] = &[
    "fmt",
    "lint",
    "test",
    "docs",
    "features",
    "deny",
    "msrv",
    "consumers",
    "conformance",
    "browser",
    "keychain",
    "faults",
    "bench",
];

/// One step that has run.
struct Outcome<'a> {
    step: &'a str,
    took: Duration,
    error: Option<String>,
}

pub(crate) fn run(named: &[&str]) -> Result {
    let steps = if named.is_empty() { STEPS } else { named };
    let outcomes = run_all(steps, crate::run);
    print!("\n{}", table(&outcomes));
    match outcomes.iter().filter(|outcome| outcome.error.is_some()).count() {
        0 => Ok(()),
        failed => Err(format!("{failed} of {} steps failed", outcomes.len()).into()),
    }
}

/// Runs each step, also after one that failed: a single run then shows everything there is to mend.
fn run_all<'a>(steps: &[&'a str], run: impl Fn(&[&str]) -> Result) -> Vec<Outcome<'a>> {
    let run_one = |&step: &&'a str| {
        println!("\n=== {step}");
        let start = Instant::now();
        let done = match step.split_once('=') {
            Some((name, argument)) => run(&[name, argument]),
            None => run(&[step]),
        };
        let error = done.err().map(|error| error.to_string());
        if let Some(error) = &error {
            eprintln!("{step}: {error}");
        }
        Outcome { step, took: start.elapsed(), error }
    };
    steps.iter().map(run_one).collect()
}

/// One line a step, and below it what was wrong.
fn table(outcomes: &[Outcome<'_>]) -> String {
    let mut table = String::from("   seconds  step\n");
    for Outcome { step, took, error } in outcomes {
        let verdict = if error.is_some() { "FAILED" } else { "ok" };
        let _ = writeln!(table, "{:>10.1}  {step}: {verdict}", took.as_secs_f64());
    }
    let total: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    let _ = writeln!(table, "{:>10.1}  in all", total.as_secs_f64());
    for Outcome { step, error, .. } in outcomes {
        if let Some(error) = error {
            let _ = writeln!(table, "\n{step}: {error}");
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_stops_no_other_and_stands_in_the_table() {
        let outcomes = run_all(&["fmt", "lint", "spec=a file"], |step| match step {
            ["lint"] => Err("3 warnings".into()),
            ["fmt"] | ["spec", "a file"] => Ok(()),
            _ => Err("called with something else".into()),
        });
        let failed: Vec<_> = outcomes.iter().map(|outcome| outcome.error.as_deref()).collect();
        assert_eq!(failed, [None, Some("3 warnings"), None]);

        let table = table(&outcomes);
        assert!(table.contains("  fmt: ok\n"), "{table}");
        assert!(table.contains("  lint: FAILED\n"), "{table}");
        assert!(table.ends_with("\nlint: 3 warnings\n"), "{table}");
    }

    #[test]
    fn a_failed_step_fails_the_run() {
        assert_eq!(run(&["no-such-step"]).unwrap_err().to_string(), "1 of 1 steps failed");
    }

    #[test]
    fn every_step_is_in_the_list_of_commands() {
        for step in STEPS {
            assert!(crate::is_command(step), "{step}");
        }
    }
}
