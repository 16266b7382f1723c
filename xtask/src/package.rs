//! `package`: builds each crate as its users get it from crates.io.
//!
//! It packs every published crate and unpacks it into the build folder. There it checks and compiles each package as a
//! workspace of its own. Patches replace the packages that it depends on with their unpacked versions.
//!
//! With `--release`, it also compiles the examples and runs the tests of each package. `cargo test --workspace` runs them
//! for every change, but only here do they fail if they need a feature or a file that the package lacks. It then documents
//! each package, with nightly, as docs.rs does, if rustup has it.

use std::{fmt::Write as _, fs, path::PathBuf, process::Command};

use self::unpacked::Unpacked;
use crate::{
    aws_lc::FEATURES_WITHOUT_AWS_LC,
    process,
    result::{Result, fail_on},
    workspace::{self, Package},
};

mod checks;
mod release;
mod unpacked;

/// The features that the tests of a package need. The keychain and aws-lc are not among them, because each adds minutes
/// to a build; `cargo xtask keychain` and `lint` cover them.
const TEST_FEATURES: &[(&str, &[&str])] = &[
    ("openrouter-oauth", &["--features=blocking,tracing"]),
    ("openrouter-oauth-login", &["--features=blocking,testing,_fuzzing"]),
    ("openrouter-oauth-transport", &["--features=testing"]),
    ("openrouter-oauth-transport-reqwest", &["--no-default-features", FEATURES_WITHOUT_AWS_LC]),
    ("openrouter-oauth-web", &["--features=redis"]),
];

/// The oldest cargo 1.x that packs packages which depend on each other before any of them is published.
const MIN_CARGO: u32 = 90;

/// Runs all checks. For a `release`, also checks what only a release needs, and rehearses the upload.
pub(crate) fn run(release: bool) -> Result {
    let packages = workspace::published()?;
    if release {
        fail_on(&release::findings(&packages, &fs::read_to_string(process::root().join("CHANGELOG.md"))?))?;
    }
    check_version(&process::read(&mut process::cargo(["--version"]))?)?;
    process::run(&mut process::cargo(["fetch", "--locked"]))?;
    pack(&packages, release)?;
    let unpacked = unpacked::unpack(&packages, &build_folder())?;
    fail_on(&checks::findings(&unpacked, process::root())?)?;

    let mut errors = Vec::new();
    for package in &unpacked {
        println!("\n--- {}", package.manifest.name);
        let done = if release {
            process::run_all([test(package)].into_iter().chain(documentation(package)))
        } else {
            process::run_without_warnings(&mut check(package))
        };
        let failed = done.err();
        errors.extend(failed.map(|error| format!("{}: {error}", package.manifest.name)));
    }
    print!("\n{}", table(&unpacked));
    fail_on(&errors)?;
    if release {
        // The packages were built above.
        process::run(&mut process::cargo([
            "publish",
            "--workspace",
            "--dry-run",
            "--no-verify",
            "--locked",
        ]))?;
    }
    Ok(())
}

/// Checks the output of `cargo --version`. An older cargo packs a package only if crates.io has its dependencies.
fn check_version(output: &str) -> Result {
    let mut numbers = output.split([' ', '.']).skip(1).map_while(|number| number.parse::<u32>().ok());
    if (numbers.next(), numbers.next()) >= (Some(1), Some(MIN_CARGO)) {
        return Ok(());
    }
    Err(format!("`package` needs cargo 1.{MIN_CARGO} or newer, not {}", output.trim_end()).into())
}

/// Packs the packages without building them. A warning is an error.
fn pack(packages: &[Package], release: bool) -> Result {
    let mut command = process::cargo(["package", "--no-verify", "--offline", "--locked", "--color=never"]);
    // Developers check a change before they commit it. A release must be a commit.
    command.args((!release).then_some("--allow-dirty"));
    command.args(packages.iter().flat_map(|package| ["-p", &package.name]));
    command.env("CARGO_TARGET_DIR", build_folder());
    process::run_without_warnings(&mut command)
}

/// Returns the command that compiles a package without its tests. It uses the workspace's build folder, because
/// `features` has compiled most dependencies there. Nothing is linked, so this replaces no program there.
fn check(package: &Unpacked) -> Command {
    let mut command = process::cargo(["check", "--offline", "--quiet", "--color=never"]);
    command.current_dir(&package.folder).env("CARGO_TARGET_DIR", process::target("."));
    command
}

/// Returns the command for the tests of a package, with the versions in its lock file.
fn test(package: &Unpacked) -> Command {
    let mut command = process::cargo(["test", "--offline", "--quiet", "--no-fail-fast"]);
    let features = TEST_FEATURES.iter().find(|(name, _)| *name == package.manifest.name);
    command.args(features.map_or(&[][..], |(_, features)| features));
    in_folder(command.env("RUSTFLAGS", "-D warnings"), package);
    command
}

/// Returns the command that builds the documentation of a library as docs.rs does, with warnings denied.
fn documentation(package: &Unpacked) -> Option<Command> {
    if !package.manifest.is_library() {
        return None;
    }
    let docs_rs = package.manifest.docs_rs();
    let mut flags = String::from("-D warnings");
    let mut command = if let Some(nightly) = process::nightly_cargo() {
        for flag in &docs_rs.rustdoc_args {
            flags.extend([" ", flag]);
        }
        nightly
    } else {
        println!("rustup has no nightly toolchain, so the documentation is built without `--cfg docsrs`");
        process::cargo([""; 0])
    };
    command.args(["doc", "--offline", "--quiet", "--lib", "--no-deps"]);
    command.args(docs_rs.features());
    command.env("RUSTDOCFLAGS", flags).env("DOCS_RS", "1");
    in_folder(&mut command, package);
    Some(command)
}

fn in_folder(command: &mut Command, package: &Unpacked) {
    share_dependencies(command.current_dir(&package.folder));
}

/// Lets cargo build in a folder that the packages share, with the same settings. Each dependency is then compiled once.
pub(crate) fn share_dependencies(command: &mut Command) {
    command.env("CARGO_TARGET_DIR", build_folder()).env("CARGO_INCREMENTAL", "0");
    // Nobody debugs these builds, and debug information would double the size of the folder.
    command.env("CARGO_PROFILE_DEV_DEBUG", "0");
}

/// Returns the build folder of the packages. In that of the workspace, a package would overwrite the command-line tool
/// that other steps start.
fn build_folder() -> PathBuf {
    process::target("packages")
}

fn table(packages: &[Unpacked]) -> String {
    let mut table = String::from("files  KiB unpacked  KiB packed  package\n");
    for Unpacked { manifest, files, compressed, .. } in packages {
        let size: usize = files.values().map(Vec::len).sum();
        let [unpacked, packed] = [size.div_ceil(1024) as u64, compressed.div_ceil(1024)];
        let count = files.len();
        let _ =
            writeln!(table, "{count:>5} {unpacked:>13} {packed:>11}  {} {}", manifest.name, manifest.version);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_cargo_is_rejected() {
        assert!(check_version("cargo 1.90.0 (840b83a10 2025-07-30)\n").is_ok());
        assert!(check_version("cargo 1.97.0-nightly (840b83a10 2026-03-30)\n").is_ok());
        assert_eq!(
            check_version("cargo 1.89.0 (c24e10642 2025-06-23)\n").unwrap_err().to_string(),
            "`package` needs cargo 1.90 or newer, not cargo 1.89.0 (c24e10642 2025-06-23)"
        );
        assert!(check_version("unexpected").is_err());
    }

    #[test]
    fn test_features_belong_to_published_packages() {
        let packages = workspace::published().unwrap();
        for (name, _) in TEST_FEATURES {
            assert!(packages.iter().any(|package| package.name == *name), "{name}");
        }
    }

    #[test]
    fn table_has_a_line_for_each_package() {
        let package = Unpacked {
            manifest: Package { name: "mine".into(), version: "0.1.0".into(), ..Package::default() },
            files: [("Cargo.toml".to_owned(), vec![0; 1025])].into(),
            compressed: 1024,
            ..Unpacked::default()
        };
        let table = table(&[package]);
        assert_eq!(
            table,
            "files  KiB unpacked  KiB packed  package\n    1             2           1  mine 0.1.0\n"
        );
    }
}
