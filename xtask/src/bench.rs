//! `bench`: runs the program `bench` of `tests`, which compares an exchange through the SDK with one by hand, and
//! enforces a limit on the cost.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use crate::{process, result::Result};

/// The limit for an exchange with the SDK's defaults, as a multiple of the baseline's instructions.
const INSTRUCTIONS: f64 = 1.27;

pub(crate) fn run() -> Result {
    process::require("valgrind", &["--version"], "apt-get install valgrind")?;
    let mut command =
        process::cargo(["run", "--quiet", "--release", "-p", "openrouter-oauth-tests", "--bin", "bench"]);
    check(&last_line(&mut command)?)
}

/// Runs the command, forwards its output, and returns the last line.
fn last_line(command: &mut Command) -> Result<String> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut last = String::new();
    for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        last = line?;
        println!("{last}");
    }
    let status = child.wait()?;
    if !status.success() {
        return Err(format!("the benchmark failed ({status})").into());
    }
    Ok(last)
}

/// Reads `ratio instructions 1.12 allocations 1.05`.
fn check(line: &str) -> Result {
    let ["ratio", "instructions", instructions, "allocations", _] = line.split(' ').collect::<Vec<_>>()[..]
    else {
        return Err(format!("the benchmark's last line does not contain the ratios: {line:?}").into());
    };
    let instructions: f64 = instructions.parse()?;
    // Not `>`, because NaN must fail as well.
    if instructions <= INSTRUCTIONS {
        return Ok(());
    }
    Err(format!("{instructions} times the instructions of the baseline; the limit is {INSTRUCTIONS}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratio_over_the_limit_fails() {
        check("ratio instructions 1.27 allocations 9.00").unwrap();
        for line in [
            "ratio instructions 1.28 allocations 1.05",
            "ratio instructions NaN allocations 1.05",
            "ratio instructions many allocations 1.05",
            "ratio 1.05",
            "",
        ] {
            assert!(check(line).is_err(), "{line}");
        }
    }

    #[test]
    fn failed_benchmark_has_no_last_line() {
        let shell = |script| last_line(Command::new("sh").args(["-c", script]));
        assert_eq!(shell("echo first; echo last").unwrap(), "last");
        assert!(shell("echo first; exit 3").is_err());
    }
}
