//! The commands in the emulator's Containerfile and compose.yaml, run with this program and without a container.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::Command,
};

use crate::{
    emulator::Stopped,
    ports::fixed_port,
    support::{Finished, program},
    tools::{Tool, needs, print_skipped},
};

/// Returns a file of the emulator's folder, or `None` in the packaged crate, which is alone.
fn file(name: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !root.join("xtask").exists() {
        print_skipped(&format!("{name}, which is only in the repository"));
        return None;
    }
    Some(fs::read_to_string(root.join("crates/emulator").join(name)).unwrap())
}

/// Returns the array of strings at the end of the line that starts like this.
fn array(text: &str, start: &str) -> Vec<String> {
    let line = text.lines().find(|line| line.trim_start().starts_with(start)).unwrap();
    serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap()
}

/// Starts the program with these arguments, and waits for its ready line.
fn start(arguments: &[String]) -> Stopped {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut emulator = Stopped(program(&arguments).spawn().unwrap());
    let mut url = String::new();
    BufReader::new(emulator.0.stdout.take().unwrap()).read_line(&mut url).unwrap();
    assert!(url.ends_with("/api/v1\n"), "{url}");
    emulator
}

#[test]
fn commands_of_the_container_run() {
    const BASH: Tool = Tool::new("bash with /dev/tcp", &["bash", "-c", "test -n \"$BASH_VERSION\""]);
    needs!(BASH);
    let Some(text) = file("Containerfile") else { return };
    let (entrypoint, health) = (array(&text, "ENTRYPOINT"), array(&text, "HEALTHCHECK"));
    assert_eq!(entrypoint[0], "openrouter-oauth");
    assert!(text.contains("\nUSER 65534:65534\n") && text.contains("\nEXPOSE 8080\n"));
    // The port may be in use here, and nobody else needs to reach it.
    let port = fixed_port().to_string();
    let here = |argument: &String| argument.replace("8080", &port).replace("0.0.0.0", "127.0.0.1");
    let check =
        || Command::new(&health[0]).args(health[1..].iter().map(here)).output().unwrap().status.success();
    assert!(!check(), "nothing listens yet");
    let emulator = start(&entrypoint[1..].iter().map(here).collect::<Vec<_>>());
    assert!(check());
    drop(emulator);
    assert!(!check(), "nothing listens anymore");
}

#[test]
fn command_of_the_composed_app_runs() {
    let Some(text) = file("compose.yaml") else { return };
    let port = fixed_port().to_string();
    let arguments = ["emulator", "--host", "127.0.0.1", "--port", &port].map(str::to_owned);
    let _emulator = start(&arguments);
    let entrypoint = array(&text, "entrypoint:");
    assert_eq!(entrypoint[0], "openrouter-oauth");
    let url = text.lines().find_map(|line| line.trim().strip_prefix("OPENROUTER_BASE_URL: ")).unwrap();
    let arguments: Vec<&str> = entrypoint[1..].iter().map(String::as_str).collect();
    // The name exists only in the network of the containers.
    let here = url.replace("emulator:8080", &format!("127.0.0.1:{port}"));
    let app = Finished::from_output(program(&arguments).env("OPENROUTER_BASE_URL", here).output().unwrap());
    assert_eq!(app.status, Some(0), "{app:?}");
}

// The two stages must have the same C library.
#[test]
fn stages_of_the_container_are_of_one_release() {
    let Some(text) = file("Containerfile") else { return };
    let images: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("FROM ")).collect();
    assert_eq!(images.len(), 2);
    assert!(images.iter().all(|image| image.contains("bookworm")), "{images:?}");
    let required = env!("CARGO_PKG_RUST_VERSION");
    assert!(images[0].contains(&format!("rust:{required}-")), "{images:?}");
}

// No container was ever built from these files.
#[test]
fn files_of_the_container_say_that_they_were_not_run() {
    for name in ["Containerfile", "compose.yaml"] {
        let Some(text) = file(name) else { return };
        assert!(text.contains("\n# Not run: "), "{name}");
    }
}
