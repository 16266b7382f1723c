//! Starts other programs, in the root of the repository.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::result::{Result, fail_on};

/// Returns the root of the repository.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Returns a folder in the workspace's build folder.
pub(crate) fn target(folder: &str) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    root().join(target).join(folder)
}

/// Returns a command for the cargo that started this program, with these arguments.
pub(crate) fn cargo(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = in_root(Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())));
    command.args(arguments);
    command
}

/// Returns a command for the cargo of rustup's nightly toolchain, if that is installed.
pub(crate) fn nightly_cargo() -> Option<Command> {
    require("rustup", &["run", "nightly", "rustc", "--version"], "").ok()?;
    let mut command = in_root(Command::new("rustup"));
    command.args(["run", "nightly", "cargo"]);
    Some(command)
}

/// Lets a command run in the root of the repository, without the variables that cargo set for this program.
pub(crate) fn in_root(mut command: Command) -> Command {
    command.current_dir(root());
    // Cargo set these variables for this program. If inherited, they rerun every build script that watches these names
    // (such as ring's), and rebuild everything that depends on it.
    for (name, _) in env::vars_os() {
        let prefixes = ["CARGO_MANIFEST_", "CARGO_PKG_"];
        if prefixes.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command and waits for it.
///
/// # Errors
///
/// If it does not start, or fails.
pub(crate) fn run(command: &mut Command) -> Result {
    println!("$ {}", line(command));
    let status = command.status().map_err(|error| format!("{}: {error}", line(command)))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("`{}` failed ({status})", line(command)).into())
}

/// Runs a command whose warnings are errors, such as a command of cargo that has no option for it. The command must not
/// color its output, which would hide the warnings.
///
/// # Errors
///
/// As for [`run`], and if the command prints a warning.
pub(crate) fn run_without_warnings(command: &mut Command) -> Result {
    println!("$ {}", line(command));
    let output = command.output().map_err(|error| format!("{}: {error}", line(command)))?;
    let text = String::from_utf8_lossy(&output.stderr);
    print!("{text}");
    if !output.status.success() {
        return Err(format!("`{}` failed ({})", line(command), output.status).into());
    }
    fail_on(&warnings(&text))
}

/// Returns the warnings in the output of cargo.
fn warnings(output: &str) -> Vec<String> {
    output.lines().filter(|line| line.starts_with("warning")).map(str::to_owned).collect()
}

/// Runs every command, even after one fails.
///
/// # Errors
///
/// As for [`run`]. The error names all commands that failed.
pub(crate) fn run_all(commands: impl IntoIterator<Item = Command>) -> Result {
    let errors = commands.into_iter().filter_map(|mut command| run(&mut command).err());
    fail_on(&errors.map(|error| error.to_string()).collect::<Vec<_>>())
}

/// Runs a command and returns its output.
///
/// # Errors
///
/// As for [`run`], and if the output is not UTF-8.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|error| format!("{}: {error}", line(command)))?;
    if !output.status.success() {
        return Err(format!("`{}` failed ({})", line(command), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Checks that a program runs.
///
/// # Errors
///
/// If it does not. The error says how to install it.
pub(crate) fn require(program: &str, arguments: &[&str], install: &str) -> Result {
    let found = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if found {
        return Ok(());
    }
    Err(format!("`{program} {}` does not run; to install it: {install}", arguments.join(" ")).into())
}

/// Formats the command as typed, with the bare name of the program.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = [program].into_iter().chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_gets_no_variables_of_this_package() {
        assert!(env::var_os("CARGO_PKG_NAME").is_some(), "this test runs under cargo");
        let cargo = cargo(["--version"]);
        let removed: Vec<_> = cargo.get_envs().filter(|(_, value)| value.is_none()).collect();
        assert!(removed.contains(&(OsStr::new("CARGO_PKG_NAME"), None)), "{removed:?}");
        assert!(removed.contains(&(OsStr::new("CARGO_MANIFEST_DIR"), None)), "{removed:?}");
    }

    #[test]
    fn failed_command_is_named_in_the_error() {
        let mut command = cargo(["no-such-subcommand"]);
        command.stderr(Stdio::null());
        let error = run(&mut command).unwrap_err().to_string();
        assert!(error.contains("no-such-subcommand` failed"), "{error}");
    }

    #[test]
    fn warning_of_cargo_is_an_error() {
        let output = "   Packaging mine v0.1.0\nwarning: manifest has no description\nsee https://doc\n    Packaged 3 files\n";
        assert_eq!(warnings(output), ["warning: manifest has no description"]);
        let shell = |script| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            run_without_warnings(&mut command)
        };
        shell("echo warning; echo 3 warnings >&2").unwrap();
        assert!(shell("echo 'warning: x' >&2").unwrap_err().to_string().contains("warning: x"));
        assert!(shell("exit 3").is_err());
    }

    #[test]
    fn all_failed_commands_are_named() {
        let shell = |script| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        run_all([shell("true"), shell(":")]).unwrap();
        let error = run_all([shell("exit 3"), shell("true"), shell("exit 4")]).unwrap_err().to_string();
        assert!(error.contains("`sh -c exit 3` failed"), "{error}");
        assert!(error.contains("`sh -c exit 4` failed"), "{error}");
        assert!(!error.contains("true"), "{error}");
    }

    #[test]
    fn missing_program_error_says_how_to_install_it() {
        let error = require("no-such-program", &["--version"], "apt-get install it").unwrap_err();
        assert!(error.to_string().ends_with("to install it: apt-get install it"), "{error}");
        require("cargo", &["--version"], "").unwrap();
    }
}
