//! `ci`: runs every step or the named ones, even after one fails, and prints the time of each. This file also contains
//! the table of steps that only start cargo.
//!
//! Steps that mostly wait run in the background, next to those that mostly compile. So does the optimized build, on which
//! steps that run alone at the end depend.

use std::{
    env,
    ffi::OsStr,
    fmt::Write,
    fs::{self, File},
    panic::resume_unwind,
    path::{Path, absolute},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{consumers, process, result::Result};

/// The steps that run if none is named.
///
/// `layers`, `tidy` and `doctest` run within `test`. `spec` needs a document that is not part of the repository.
const STEPS: &[&str] = &[
    "fmt",
    "lint",
    "test",
    "docs",
    "features",
    "deny",
    "msrv",
    "package",
    "platforms",
    "api",
    "consumers",
    "conformance",
    "browser",
    "keychain",
    "faults",
    "bench",
];

/// What `--full` adds: steps that take long and seldom find anything.
const FULL: &[&str] = &["fuzz"];

/// Steps that run next to the others: the lists side by side, and the steps of each list one after another. They wait for
/// wine, another SDK, or a browser, or build what later steps need.
const BACKGROUND: [&[&str]; 3] = [&["platforms"], &["conformance", "browser", "keychain"], &[OPTIMIZED]];

/// Steps that measure, or that have deadlines. They run after all others, one at a time.
const ALONE: &[&str] = &["faults", "bench", "fuzz"];

/// The step that builds the optimized programs, and the steps that need them.
const OPTIMIZED: &str = "optimized";
const NEED_OPTIMIZED: &[&str] = &["faults", "bench"];

/// A required program, with arguments for a trial run and a command that installs it.
type Requirement = (&'static str, &'static [&'static str], &'static str);

const CHROMIUM: &[Requirement] = &[
    ("chromium", &["--version"], "apt-get install chromium chromium-driver"),
    ("chromedriver", &["--version"], "apt-get install chromium chromium-driver"),
];

/// A step that only starts cargo.
struct CargoStep {
    name: &'static str,
    /// Whether the step accepts these arguments, which go to the program, or else to the last cargo command.
    takes: fn(&[&str]) -> bool,
    requires: &'static [Requirement],
    /// The arguments of each cargo command, separated by spaces.
    cargo: &'static [&'static str],
    /// A program of `BUILD` that runs at the end, with the step's arguments. `cargo run -p` would unify the features of
    /// only one package, and compile most dependencies again.
    program: Option<&'static str>,
    environment: &'static [(&'static str, &'static str)],
}

const STEP: CargoStep = CargoStep {
    name: "",
    takes: |arguments| arguments.is_empty(),
    requires: &[],
    cargo: &[],
    program: None,
    environment: &[],
};

/// Builds the programs of the tests, and the command-line tool that they start, with the features that `test` has compiled.
/// Only `package --release` tests that tool with no other features than its own.
const BUILD: &str = "build --quiet --workspace --exclude=xtask --bins --tests";

/// Builds the optimized programs of all steps at once.
const BUILD_OPTIMIZED: &str = "build --quiet --profile bench -p openrouter-oauth-cli -p openrouter-oauth-tests --bin openrouter-oauth --bin faults --bin bench";

const CARGO_STEPS: &[CargoStep] = &[
    CargoStep {
        name: "bench",
        takes: |arguments| matches!(arguments, [] | ["--planted" | "cpu" | "web"] | ["cpu", _]),
        requires: &[("valgrind", &["--version"], "apt-get install valgrind")],
        cargo: &[BUILD_OPTIMIZED, "run --quiet --profile bench -p openrouter-oauth-tests --bin bench --"],
        ..STEP
    },
    CargoStep {
        name: "browser",
        takes: |_| true,
        requires: CHROMIUM,
        cargo: &[BUILD],
        program: Some("browser"),
        ..STEP
    },
    CargoStep {
        name: "conformance",
        requires: CHROMIUM,
        cargo: &[BUILD],
        program: Some("conformance"),
        ..STEP
    },
    CargoStep {
        // The rules are in `deny.toml`. Advisories are not checked, because cargo-deny fetches their list at each run,
        // so the same commit could pass today and fail tomorrow. To check them, run `cargo deny check advisories`.
        name: "deny",
        requires: &[("cargo", &["deny", "--version"], "cargo install --locked cargo-deny@0.20.2")],
        cargo: &["fetch --locked", "deny --offline check bans licenses sources"],
        ..STEP
    },
    CargoStep {
        name: "docs",
        // Only the libraries, because the binary `openrouter-oauth` and the library of that name would share a page.
        cargo: &["doc --workspace --lib --no-deps --all-features"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        ..STEP
    },
    CargoStep { name: "doctest", cargo: &["test --workspace --doc"], ..STEP },
    CargoStep {
        name: "faults",
        takes: |arguments| {
            matches!(
                arguments,
                [] | ["--listener" | "--planted" | "--proxies" | "--sign-ins" | "--keys"] | ["scan", ..]
            )
        },
        cargo: &[
            // The faults program expects the command-line tool in its own folder.
            BUILD_OPTIMIZED,
            "run --quiet --profile bench -p openrouter-oauth-tests --bin faults --",
        ],
        ..STEP
    },
    CargoStep {
        // `test` omits this, because the feature adds a hundred crates.
        name: "keychain",
        cargo: &["test -p openrouter-oauth-login --features keychain --lib --test keychain"],
        ..STEP
    },
    CargoStep {
        name: OPTIMIZED,
        cargo: &[BUILD_OPTIMIZED],
        // It runs next to the others, and has time until they end.
        environment: &[("CARGO_BUILD_JOBS", "1")],
        ..STEP
    },
    CargoStep {
        name: "spec",
        takes: |arguments| arguments.len() == 1,
        cargo: &[BUILD],
        program: Some("spec"),
        ..STEP
    },
    // The same command as in the README.
    CargoStep { name: "test", cargo: &["test --workspace"], ..STEP },
];

/// The result of one step.
struct Outcome<'a> {
    step: &'a str,
    took: Duration,
    error: Option<String>,
}

/// Runs each step with `start`, which gets its name and arguments.
pub(crate) fn run(named: &[&str], start: impl Fn(&[&str]) -> Result) -> Result {
    let begin = Instant::now();
    let program = env::current_exe()?;
    let in_background = |step: &[&str]| run_in_background(&program, step);
    let run_here = |step: &[&str]| {
        println!("\n=== {}", step.join(" "));
        start(step)
    };
    let steps = match named {
        [] => STEPS.to_vec(),
        ["--full"] => [STEPS, FULL].concat(),
        named => named.to_vec(),
    };
    let plan = Plan::new(&steps);
    let mut outcomes = run_all(&plan.first, run_here);
    outcomes.extend(thread::scope(|scope| {
        // Without others to run next to, they need not collect their output.
        if plan.compiling.is_empty() {
            return run_all(&plan.background.concat(), run_here);
        }
        let threads = plan.background.each_ref().map(|steps| scope.spawn(|| run_all(steps, in_background)));
        let mut outcomes = run_all(&plan.compiling, run_here);
        for thread in threads {
            outcomes.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        outcomes
    }));
    outcomes.extend(run_all(&plan.alone, run_here));
    print!("\n{}", table(&outcomes, begin.elapsed()));
    match outcomes.iter().filter(|outcome| outcome.error.is_some()).count() {
        0 => Ok(()),
        failed => Err(format!("{failed} of {} steps failed", outcomes.len()).into()),
    }
}

/// Which steps run next to which.
#[derive(Debug, Default, Eq, PartialEq)]
struct Plan<'a> {
    /// Before all others: `test` compiles what `BUILD` needs, and must not replace a program that another step starts.
    first: Vec<&'a str>,
    /// One after another, next to `background`.
    compiling: Vec<&'a str>,
    background: [Vec<&'a str>; BACKGROUND.len()],
    /// After all others, one at a time.
    alone: Vec<&'a str>,
}

impl<'a> Plan<'a> {
    fn new(steps: &[&'a str]) -> Self {
        let mut plan = Self::default();
        for &step in steps {
            plan.list_of(name(step)).push(step);
        }
        let is_needed = plan.alone.iter().any(|step| NEED_OPTIMIZED.contains(&name(step)));
        // Without a step to run next to, those steps build the programs themselves, on all cores.
        if is_needed && !plan.compiling.is_empty() && !steps.contains(&OPTIMIZED) {
            plan.list_of(OPTIMIZED).push(OPTIMIZED);
        }
        plan
    }

    /// Returns the list to which a step with this name belongs.
    fn list_of(&mut self, name: &str) -> &mut Vec<&'a str> {
        let place = BACKGROUND.iter().position(|steps| steps.contains(&name));
        match place.and_then(|place| self.background.get_mut(place)) {
            Some(list) => list,
            None if name == "test" => &mut self.first,
            None if ALONE.contains(&name) => &mut self.alone,
            None => &mut self.compiling,
        }
    }
}

fn name(step: &str) -> &str {
    step.split('=').next().unwrap_or_default()
}

/// Runs a step with `program`, which is this one, and prints its output when it ends.
///
/// The output goes to a file. The end of a pipe would not come before all processes that the step started have ended.
fn run_in_background(program: &Path, step: &[&str]) -> Result {
    let folder = process::target("ci");
    fs::create_dir_all(&folder)?;
    let log = folder.join(format!("{}.log", step.first().unwrap_or(&"")));
    println!("\n=== {}, in the background, with its output in {}", step.join(" "), log.display());
    let file = File::create(&log)?;
    let mut command = Command::new(program);
    command.args(step).stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let status = command.status()?;
    let output = fs::read(&log)?;
    print!("\n=== output of {}\n{}", step.join(" "), String::from_utf8_lossy(&output));
    if status.success() { Ok(()) } else { Err(format!("failed ({status}); its output is above").into()) }
}

/// Runs a step that starts cargo, given by its name and arguments.
pub(crate) fn start(step: &[&str]) -> Result {
    match step {
        ["fmt"] => return format(),
        ["spec", file] => {
            // Relative to the user's working directory, which may not be the root.
            let file = absolute(env::current_dir()?.join(file))?;
            if let Some(row) = find("spec") {
                return row.run(&[file]);
            }
        }
        [name, arguments @ ..] => {
            if let Some(row) = find(name).filter(|row| (row.takes)(arguments)) {
                return row.run(arguments);
            }
        }
        [] => {}
    }
    Err(format!("no such command: {}; `cargo xtask` lists them", step.join(" ")).into())
}

fn find(name: &str) -> Option<&'static CargoStep> {
    CARGO_STEPS.iter().find(|row| row.name == name)
}

impl CargoStep {
    fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Result {
        for (program, trial, install) in self.requires {
            process::require(program, trial, install)?;
        }
        for (place, command) in self.cargo.iter().enumerate() {
            let mut cargo = process::cargo(command.split(' '));
            cargo.envs(self.environment.iter().copied());
            if self.program.is_some() {
                cargo.env("CARGO_TARGET_DIR", process::target("."));
            } else if place + 1 == self.cargo.len() {
                cargo.args(arguments);
            }
            process::run(&mut cargo)?;
        }
        let Some(program) = self.program else { return Ok(()) };
        let program = process::target("debug").join(program).with_extension(env::consts::EXE_EXTENSION);
        process::run(process::in_root(Command::new(program)).args(arguments))
    }
}

/// Checks the formatting of every file, including the packages outside the workspace.
fn format() -> Result {
    let mut commands = vec![process::cargo(["fmt", "--all", "--check"])];
    for manifest in consumers::manifests()?
        .into_iter()
        .chain(["tests/fuzz/Cargo.toml".into(), "tests/wasm/Cargo.toml".into()])
    {
        let mut command = process::cargo(["fmt", "--check", "--manifest-path"]);
        command.arg(manifest);
        commands.push(command);
    }
    process::run_all(commands)
}

/// Runs every step even after one fails, so that a single run shows all problems.
fn run_all<'a>(steps: &[&'a str], run: impl Fn(&[&str]) -> Result) -> Vec<Outcome<'a>> {
    let run_one = |&step: &&'a str| {
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

/// Formats one line per step, followed by the errors.
fn table(outcomes: &[Outcome<'_>], total: Duration) -> String {
    let mut table = String::from("   seconds  step\n");
    for Outcome { step, took, error } in outcomes {
        let verdict = if error.is_some() { "FAILED" } else { "ok" };
        let _ = writeln!(table, "{:>10.1}  {step}: {verdict}", took.as_secs_f64());
    }
    let _ = writeln!(table, "{:>10.1}  total, side by side", total.as_secs_f64());
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
    fn failed_step_is_listed_and_stops_no_other() {
        let outcomes = run_all(&["fmt", "lint", "spec=a file"], |step| match step {
            ["lint"] => Err("3 warnings".into()),
            ["fmt"] | ["spec", "a file"] => Ok(()),
            _ => Err("called with something else".into()),
        });
        let failed: Vec<_> = outcomes.iter().map(|outcome| outcome.error.as_deref()).collect();
        assert_eq!(failed, [None, Some("3 warnings"), None]);

        let table = table(&outcomes, Duration::from_secs(1));
        assert!(table.contains("  fmt: ok\n"), "{table}");
        assert!(table.contains("  lint: FAILED\n"), "{table}");
        assert!(table.ends_with("\nlint: 3 warnings\n"), "{table}");
    }

    #[test]
    fn steps_that_wait_run_next_to_those_that_compile() {
        let plan = Plan::new(&["lint", "platforms", "test", "faults=--planted", "spec=a file"]);
        let expected = Plan {
            first: vec!["test"],
            compiling: vec!["lint", "spec=a file"],
            background: [vec!["platforms"], vec![], vec![OPTIMIZED]],
            alone: vec!["faults=--planted"],
        };
        assert_eq!(plan, expected);
        for without_build in [&["lint", "fuzz"][..], &["faults"]] {
            assert!(Plan::new(without_build).background.concat().is_empty(), "{without_build:?}");
        }
    }

    #[test]
    fn failed_step_fails_the_run() {
        assert_eq!(run(&["no-such-step"], start).unwrap_err().to_string(), "1 of 1 steps failed");
    }

    #[test]
    fn readme_contains_the_test_command() {
        let readme = fs::read_to_string(process::root().join("README.md")).unwrap();
        let command = format!("cargo {}", find("test").unwrap().cargo.concat());
        assert!(readme.lines().any(|line| line == command), "README.md has no line `{command}`");
    }

    #[test]
    fn gate_runs_every_step() {
        let gate = fs::read_to_string(process::root().join(".ci/run")).unwrap();
        let steps = gate.lines().find_map(|line| line.strip_prefix("steps=(")?.strip_suffix(")")).unwrap();
        let steps: Vec<_> = steps.split(' ').collect();
        // The gate starts these two by itself, `api` only if its tools are installed.
        for step in STEPS.iter().filter(|step| !["test", "api"].contains(*step)) {
            assert!(steps.contains(step), "{step}");
        }
    }

    #[test]
    fn background_step_reports_its_failure() {
        let shell = |script| run_in_background(Path::new("sh"), &["-c", script]);
        shell("echo to be printed; sleep 5 & exit 0").unwrap();
        assert!(shell("exit 3").unwrap_err().to_string().contains("exit status: 3"));
    }

    #[test]
    fn every_step_is_in_the_list_of_commands() {
        for step in STEPS.iter().chain(BACKGROUND.into_iter().flatten()).chain(ALONE) {
            assert!(crate::help::is_command(step), "{step}");
        }
    }
}
