//! Runs the tests for Windows under wine.

use std::{env, fs, process::Command};

use super::{packages::Packages, tool::Tool};
use crate::{process, result::Result};

/// Windows with the GNU linker, which Debian has.
pub(super) const TARGET: &str = "x86_64-pc-windows-gnu";

/// The compiler of ring's C code, and the linker.
pub(super) const MINGW: Tool = Tool::Program { name: MINGW_GCC, package: "gcc-mingw-w64-x86-64" };
const MINGW_GCC: &str = "x86_64-w64-mingw32-gcc";

/// Wine does not emulate a processor.
pub(super) const PROCESSOR: Tool = Tool::Processor("x86_64");

pub(super) const WINE: Tool = Tool::Program { name: "wine", package: "wine" };

/// The command of this program that starts a test program, and after which the test program's path follows.
pub(crate) const START: &str = "under-wine";

/// Runs the tests of these packages. Doc tests are left out, because each is a program of its own, which takes longer to
/// link than to run. With all packages, the examples that tests start are compiled too, and the tests of `xtask`, which are
/// about the repository, are left out.
pub(super) fn test(packages: Packages) -> Result {
    // Wine's settings and drive C, apart from those of the user.
    let prefix = process::target("platforms").join("wine");
    fs::create_dir_all(&prefix)?;
    let in_prefix = |mut command: Command| {
        command.env("WINEPREFIX", &prefix).env("WINEDEBUG", "-all").env_remove("DISPLAY");
        command
    };
    let mut boot = Command::new("timeout");
    boot.args(["--kill-after=10", "300", "wine", "wineboot", "--update"]);
    process::run(&mut in_prefix(boot))?;

    let library = prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
    if !library.exists() {
        let mut gcc = Command::new(MINGW_GCC);
        gcc.args(["-shared", "-O1", "-Wall", "-Werror", "-o"]).arg(&library);
        gcc.arg(process::root().join("xtask/src/platforms/bcryptprimitives.c")).arg("-ladvapi32");
        process::run(&mut gcc)?;
    }

    // In quotes of TOML without escapes.
    let runner = format!("--config=target.{TARGET}.runner=['{}', '{START}']", env::current_exe()?.display());
    let mut test = process::cargo(["test", "--no-fail-fast", "--tests", "--target", TARGET, &runner]);
    test.args(packages.options()).args((packages == Packages::All).then_some("--exclude=xtask"));
    test.env("RUSTFLAGS", "-D warnings");
    // A third of the time is linking, most of it for debug information that nobody would use.
    test.env("CARGO_PROFILE_DEV_DEBUG", "0");
    // A test whose tool is missing is skipped: the tools are programs of Unix.
    process::run(in_prefix(test).env_remove("REQUIRE_TOOLS"))
}

/// Runs a test program. Wine can hang where Windows would not, so a program gets 15 minutes.
pub(crate) fn start(program: &[&str]) -> Result {
    let once =
        || process::run(Command::new("timeout").args(["--kill-after=10", "900", "wine"]).args(program));
    // Wine 8 loses events of sockets now and then, more often on a busy machine. A fault of ours fails both times.
    once().or_else(|error| {
        println!("{error}; once more, because wine itself may be at fault");
        once()
    })
}
