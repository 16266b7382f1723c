//! `completions` and `man`.

use std::{fs, process::Command};

use serde_json::json;
use tempfile::TempDir;

use crate::{
    support::run,
    tools::{Tool, needs},
};

/// Checks manual pages.
const GROFF: Tool = Tool::new("groff", &["groff", "--version"]);

#[test]
fn each_shell_completes_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]);
        for command in ["login", "logout", "status", "exchange-token", "no-browser"] {
            assert!(script.line().contains(command), "{shell} {command}");
        }
        let result = run(&["completions", shell, "--json"]).json();
        assert_eq!((&result["shell"], &result["script"]), (&json!(shell), &json!(script.stdout)));
    }
}

// On Windows, bash may be that of WSL, which passes the arguments on differently.
#[cfg(unix)]
#[test]
fn bash_completes_a_partial_word() {
    use std::{io::Write as _, process::Stdio};

    const BASH: Tool = Tool::new("bash", &["bash", "--version"]);
    needs!(BASH);
    let script = run(&["completions", "bash"]).stdout;
    let try_it = "\
        COMP_WORDS=(openrouter-oauth exch); COMP_CWORD=1
        _openrouter__oauth openrouter-oauth exch openrouter-oauth; echo ${COMPREPLY[@]}
        COMP_WORDS=(openrouter-oauth login --no-b); COMP_CWORD=2
        _openrouter__oauth openrouter-oauth --no-b login; echo ${COMPREPLY[@]}
        COMP_WORDS=(openrouter-oauth exchange-token --scope \"\"); COMP_CWORD=3
        _openrouter__oauth openrouter-oauth \"\" --scope; echo ${COMPREPLY[@]}";
    let mut bash = Command::new("bash")
        .args(["--norc", "-s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    write!(bash.stdin.take().unwrap(), "{script}\n{try_it}\n").unwrap();
    let output = bash.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "exchange exchange-token\n--no-browser\ninference management\n"
    );
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("man1");
    let result = run(&["man", folder.to_str().unwrap(), "--json"]).json();
    let pages: Vec<_> =
        result["pages"].as_array().unwrap().iter().map(|page| page.as_str().unwrap()).collect();
    for command in ["", "-login", "-keys-link", "-exchange-token", "-man"] {
        let path = folder.join(format!("openrouter-oauth{command}.1"));
        assert!(pages.contains(&path.to_str().unwrap()), "{path:?} {pages:?}");
    }
    assert_eq!(pages.len(), fs::read_dir(&folder).unwrap().count());

    let page = fs::read_to_string(folder.join("openrouter-oauth.1")).unwrap();
    for section in ["SYNOPSIS", "EXAMPLES", "ENVIRONMENT", "\"EXIT STATUS\""] {
        assert!(page.contains(&format!("\n.SH {section}\n")), "{section}");
    }
    needs!(GROFF);
    for page in pages {
        let lint = Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z", page]).output().unwrap();
        assert_eq!((lint.status.success(), lint.stderr.as_slice()), (true, &b""[..]), "{page}");
    }
}

#[test]
fn error_names_the_folder_that_cannot_be_created() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = run(&["man", file.join("man1").to_str().unwrap(), "--json"]).error(1);
    assert!(error["message"].as_str().unwrap().contains("could not create"), "{error}");
}
