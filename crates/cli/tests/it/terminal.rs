//! Help, and standard output that is closed or full.

use std::process::Stdio;

use crate::support::{Finished, program, run};

const SUBCOMMANDS: [&str; 15] = [
    "login",
    "logout",
    "status",
    "token",
    "keys",
    "url",
    "exchange",
    "create-code",
    "exchange-token",
    "jwks",
    "pkce",
    "demo",
    "emulator",
    "completions",
    "man",
];

#[test]
fn help_lists_every_subcommand_variable_and_exit_status() {
    let help = run(&["--help"]);
    assert_eq!(help.stderr, "");
    for word in SUBCOMMANDS {
        assert!(help.line().contains(&format!("\n  {word} ")), "{word}");
    }
    for variable in [
        "OPENROUTER_API_KEY",
        "OPENROUTER_BASE_URL",
        "OPENROUTER_CODE",
        "OPENROUTER_CODE_VERIFIER",
        "OPENROUTER_KEY_STORE",
        "OPENROUTER_SUBJECT_TOKEN",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ] {
        assert!(help.stdout.contains(variable), "{variable}");
    }
    for status in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "130", "141"] {
        assert!(help.stdout.contains(&format!("\n  {status:<4} ")), "{status}");
    }
}

#[test]
fn help_of_every_subcommand_describes_its_json() {
    for subcommand in SUBCOMMANDS {
        let link = if subcommand == "keys" { &["link"][..] } else { &[] };
        let help = run(&[&[subcommand], link, &["--help"]].concat());
        assert!(help.line().contains("\nJSON: "), "{subcommand}");
    }
}

#[test]
fn commands_of_the_readme_exist() {
    let readme = include_str!("../../README.md");
    let mut commands = readme.lines().filter_map(|line| line.strip_prefix("openrouter-oauth ")).peekable();
    assert!(commands.peek().is_some());
    for command in commands {
        let help = run(&command.split(' ').chain(["--help"]).collect::<Vec<_>>());
        assert!(help.line().contains("Usage: "), "{command}");
    }
}

#[test]
fn closed_standard_output_ends_the_program_quietly() {
    for arguments in
        [&["demo"][..], &["demo", "--json"], &["pkce"], &["url"], &["emulator"], &["completions", "bash"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let closed = Finished::from_output(program(arguments).stdout(writer).output().unwrap());
        assert_eq!(closed.status, Some(141), "{arguments:?} {closed:?}");
        assert!(!closed.stderr.contains("error"), "{closed:?}");
    }
}

// Only Linux has `/dev/full`.
#[cfg(target_os = "linux")]
#[test]
fn full_disk_is_reported() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let failed = Finished::from_output(program(&["pkce"]).stdout(full).output().unwrap());
    assert_eq!(failed.status, Some(1));
    assert!(failed.stderr.starts_with("error: could not write to standard output\n  cause: "), "{failed:?}");
}

#[test]
fn unwritable_key_is_reported() {
    let served = crate::support::serve();
    let key = served.emulator.issue_management_key();
    let create =
        ["create-code", "--without-pkce", "--callback", "https://my.app/cb", "--server", &served.url];
    let code = crate::support::run_with(&create, &[("OPENROUTER_API_KEY", &key)]);

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let exchange = program(&["exchange", "--without-pkce", "--server", &served.url])
        .env("OPENROUTER_CODE", code.line())
        .stdout(writer)
        .stderr(Stdio::piped())
        .output();
    let lost = Finished::from_output(exchange.unwrap());
    assert_eq!(lost.status, Some(1));
    assert!(lost.stderr.contains("a key was created") && !lost.stderr.contains("sk-or-"), "{lost:?}");
}
