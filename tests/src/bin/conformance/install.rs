//! Installs the official SDKs and other packages, at the versions pinned in `tests/conformance/`, into `conformance/`
//! of the build folder.
//!
//! To update them, install newer versions elsewhere, and pin those: `pip freeze` for `requirements.txt`,
//! `npm install --package-lock-only` for `package-lock.json`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// The paths of both SDKs.
pub(crate) struct Installed {
    /// The interpreter with the Python SDK.
    pub(crate) python: PathBuf,
    /// `drive.py`.
    pub(crate) python_driver: PathBuf,
    /// The folder with the `node_modules` of the TypeScript SDK, and copies of our scripts.
    pub(crate) node: PathBuf,
}

/// The scripts that need the packages in `node_modules`. Node.js looks for packages next to the script, not in the
/// working directory.
const SCRIPTS: [&str; 5] = ["drive.mjs", "token.mjs", "spa/app.mjs", "spa/fetch.mjs", "spa/sdk.mjs"];

/// Installs the SDKs, unless they are installed from the same pins.
///
/// # Errors
///
/// If a tool is missing or failed. The message contains its output.
pub(crate) fn install() -> Result<Installed, String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pins = tests.join("conformance");
    let target = build_folder(tests).join("conformance");
    let (python, node) = (target.join("python"), target.join("node"));

    once(&pins.join("requirements.txt"), &python.join("installed.txt"), || {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&python))?;
        run(Command::new(python.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(pins.join("requirements.txt")))
        .map(drop)
    })?;
    once(&pins.join("package-lock.json"), &node.join("installed.json"), || {
        copy(&pins.join("package.json"), &node)?;
        copy(&pins.join("package-lock.json"), &node)?;
        run(Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&node))
        .map(drop)
    })?;
    run(Command::new("node").arg("--version"))?;

    for script in SCRIPTS {
        copy(&pins.join(script), &node)?;
    }
    Ok(Installed { python: python.join("bin/python"), python_driver: pins.join("drive.py"), node })
}

impl Installed {
    /// Returns the path of one of [`SCRIPTS`], by its file name.
    pub(crate) fn script(&self, name: &str) -> PathBuf {
        self.node.join(name)
    }

    /// Bundles a script with everything that it imports, or converts TypeScript to JavaScript, and returns the result.
    ///
    /// # Errors
    ///
    /// If esbuild fails. The message contains its output.
    pub(crate) fn bundle(&self, script: &Path) -> Result<String, String> {
        let mut esbuild = Command::new(self.node.join("node_modules/.bin/esbuild"));
        let output = run(esbuild.arg(script).args([
            "--bundle",
            "--format=esm",
            "--external:node:*",
            "--log-level=warning",
        ]))?;
        String::from_utf8(output).map_err(|error| error.to_string())
    }
}

/// Returns cargo's build folder: `CARGO_TARGET_DIR`, relative to the root of the repository, or `target` there.
fn build_folder(tests: &Path) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty());
    tests.join("..").join(target.unwrap_or_else(|| "target".into()))
}

/// Runs `install`, unless `stamp` shows that it already succeeded with the same `pins`.
fn once(pins: &Path, stamp: &Path, install: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let wanted = fs::read(pins).map_err(|error| failed(pins, &error))?;
    if fs::read(stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    install()?;
    fs::write(stamp, wanted).map_err(|error| failed(stamp, &error))
}

fn copy(file: &Path, folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let name = file.file_name().unwrap_or_default();
    fs::copy(file, folder.join(name)).map_err(|error| failed(file, &error))?;
    Ok(())
}

/// Runs a command, and returns its output.
fn run(command: &mut Command) -> Result<Vec<u8>, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!(
            "`{program}` is missing: install Python 3.10 or newer with venv, Node.js 20 or newer, and npm"
        ),
        _ => format!("`{program}` did not start: {error}"),
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let output_text = [output.stdout, output.stderr].concat();
    Err(format!("{command:?} failed with {}:\n{}", output.status, String::from_utf8_lossy(&output_text)))
}

fn failed(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
