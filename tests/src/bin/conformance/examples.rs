//! Runs the emulator's examples in other languages, which sign in with nothing but a standard library.

use std::{
    env, fs, iter,
    path::{Path, PathBuf},
    time::Duration,
};

use openrouter_oauth_tests::Result;
use tokio::{process::Command, time::timeout};

use crate::{emulator::EmulatorProcess, install::Installed};

/// How long an example may take, including its compilation.
const EXAMPLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The label of the key, which each example requests and prints.
const LABEL: &str = "My application\n";

/// Runs the Python example.
pub(crate) async fn run_python(installed: &Installed) -> Result {
    let mut python = Command::new(&installed.python);
    python.arg(example("approve.py"));
    run_example(python).await
}

/// Runs the first Python program in the emulator's README, which prints nothing.
pub(crate) async fn run_readme(installed: &Installed) -> Result {
    let emulator = EmulatorProcess::start().await?;
    let program = readme_program(0)?.replace("http://127.0.0.1:3210", emulator.origin());
    let mut python = Command::new(&installed.python);
    python.arg("-c").arg(program);
    run(python, &emulator, "").await
}

/// Runs the second Python program in the emulator's README, which starts the command and ends it.
pub(crate) async fn start_from_readme(installed: &Installed) -> Result {
    let program = readme_program(1)?;
    let line = "# The tests run here.\n";
    if !program.contains(line) {
        return Err("the README's program has no place for tests".into());
    }
    // The tests call the emulator. At the end, it has ended, without a failure.
    let tests = "from urllib.request import urlopen\nprint(urlopen(base_url + '/oauth/jwks').status)\n";
    let end = "print(emulator.wait(10))\n";
    let mut python = Command::new(&installed.python);
    python.arg("-c").arg(program.replace(line, tests) + end);
    // The command is next to this program.
    let folder = env::current_exe()?.parent().map(Path::to_owned).ok_or("no folder")?;
    let path = env::var_os("PATH").unwrap_or_default();
    python.env("PATH", env::join_paths(iter::once(folder).chain(env::split_paths(&path)))?);
    match output(python).await?.as_str() {
        "200\n0\n" => Ok(()),
        printed => Err(format!("printed {printed:?}").into()),
    }
}

/// Returns a Python program in the emulator's README. 0 is the first.
fn readme_program(index: usize) -> Result<&'static str> {
    let readme = include_str!("../../../../crates/emulator/README.md");
    let program = readme.split("```python\n").nth(index + 1).and_then(|rest| rest.split("```").next());
    program.ok_or_else(|| format!("the README has no Python program {index}").into())
}

/// Runs the TypeScript example as JavaScript, because older versions of Node.js do not run TypeScript.
pub(crate) async fn run_typescript(installed: &Installed) -> Result {
    let script = installed.script("approve.mjs");
    fs::write(&script, installed.bundle(&example("approve.ts"))?)?;
    let mut node = Command::new("node");
    node.arg(script);
    run_example(node).await
}

/// Runs the Go example.
pub(crate) async fn run_go() -> Result {
    let mut go = Command::new("go");
    go.arg("run").arg(example("approve.go"));
    run_example(go).await
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/emulator/examples").join(name)
}

/// Runs an example with the base URL of its own emulator.
async fn run_example(mut command: Command) -> Result {
    let emulator = EmulatorProcess::start().await?;
    command.arg(emulator.base_url());
    run(command, &emulator, LABEL).await
}

/// Runs a program, and checks what it prints, and that it signed in once.
async fn run(command: Command, emulator: &EmulatorProcess, expected: &str) -> Result {
    let printed = output(command).await?;
    if printed != expected {
        return Err(format!("printed {printed:?}").into());
    }
    match emulator.exchanges().await? {
        1 => Ok(()),
        keys => Err(format!("{keys} keys were granted").into()),
    }
}

/// Runs a program, and returns what it prints.
///
/// # Errors
///
/// If the program fails.
async fn output(mut command: Command) -> Result<String> {
    let output = command.env("NO_PROXY", "127.0.0.1").kill_on_drop(true).output();
    let output = timeout(EXAMPLE_TIMEOUT, output).await??;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}, printed {printed:?}: {errors}", output.status).into());
    }
    Ok(printed.into_owned())
}
