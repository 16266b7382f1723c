//! The prompt at a real terminal, with a person who types.

use std::{
    ffi::OsStr,
    io::{Seek as _, Write as _},
    iter,
    net::TcpStream,
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::{
    child::{self, Running},
    pty::Terminal,
};

const CODE: &str = "auth_code_canary-0c0de-5e3c1a";
const QUESTION: &str = "Code: ";
/// Stop and start what a terminal shows.
const CTRL_S: &str = "\u{13}";
const CTRL_Q: &str = "\u{11}";
const UNAVAILABLE: &str = "there is no terminal to paste a code into";

/// A child that does `step` at this terminal, and reports beside it.
fn at(terminal: &Terminal, step: &str) -> Running {
    Running::start(&mut terminal.around(&child::command(step)))
}

/// Checks that the terminal is as a shell wants it, and that a line typed now arrives alone. The child ends with it.
#[track_caller]
fn check_left_alone(terminal: &Terminal, mut child: Running) {
    assert!(terminal.is_as_usual());
    terminal.enter("ls\n");
    assert_eq!(child.expect("line"), "ls");
    child.finish();
    let shown = terminal.wait_for("ls\r\n");
    assert!(!shown.contains("canary"), "{shown:?}");
}

#[test]
fn a_pasted_code_is_taken_and_not_shown() {
    // P-3, T-5
    let pasted = format!("\u{1b}[200~{CODE}\n\u{1b}[201~\r");
    for (entered, expected) in [
        (format!("{CODE}\r"), CODE),
        (format!("{CODE}\n"), CODE),
        (pasted, CODE),
        (format!("wrong\u{15}{CODE}xé\u{7f}\u{7f}\r"), CODE),
        // What is left of a paste does not go to the shell: more than is read at once.
        (format!("{CODE}\r{}", "rm -rf canary\n".repeat(100)), CODE),
        ("\r".to_owned(), ""),
    ] {
        let terminal = Terminal::new(80, 24);
        let mut child = at(&terminal, "ask");
        let shown = terminal.wait_for(QUESTION);
        assert!(shown.contains("that was \u{fffd}[31mwrong\r\n"), "{shown:?}");
        assert!(shown.starts_with("\u{1b}[?2004h"), "{shown:?}");
        assert!(!terminal.is_as_usual());
        terminal.enter(&entered);
        assert_eq!(child.expect("pasted"), expected);
        check_left_alone(&terminal, child);
        let shown = terminal.shown();
        assert!(shown.contains("\u{1b}[?2004l"), "{shown:?}");
        assert_eq!(shown.contains(&"*".repeat(CODE.len())), !expected.is_empty(), "{shown:?}");
    }
}

#[test]
fn a_mask_is_not_longer_than_its_line() {
    let terminal = Terminal::new(20, 24);
    let mut child = at(&terminal, "ask");
    terminal.wait_for(QUESTION);
    terminal.enter(&format!("{CODE}\r"));
    assert_eq!(child.expect("pasted"), CODE);
    check_left_alone(&terminal, child);
    assert_eq!(terminal.shown().matches('*').count(), 20 - QUESTION.len() - 1);
}

#[test]
fn ctrl_c_and_ctrl_d_end_the_input() {
    // P-5
    for entered in ["canary\u{3}", "\u{1b}[200~canary\n\u{3}", "\u{4}", "canary\u{15}\u{4}", "\u{1c}"] {
        let terminal = Terminal::new(80, 24);
        let mut child = at(&terminal, "ask");
        terminal.wait_for(QUESTION);
        terminal.enter(entered);
        assert_eq!(child.expect("failed"), "the input was ended", "{entered:?}");
        check_left_alone(&terminal, child);
    }
}

#[test]
fn too_much_is_refused_and_does_not_become_the_next_line() {
    // P-2
    let terminal = Terminal::new(80, 24);
    let mut child = at(&terminal, "ask-twice");
    terminal.wait_for(QUESTION);
    for _ in 0..50 {
        // In pieces: a terminal holds back no more than 4 KiB.
        terminal.enter(&"canary".repeat(100));
    }
    terminal.enter("\r");
    assert_eq!(child.expect("failed"), "too much was pasted");
    terminal.wait_for(&format!("\n\u{1b}[?2004hthat was \u{fffd}[31mwrong\r\n{QUESTION}"));
    terminal.enter(&format!("{CODE}\r"));
    assert_eq!(child.expect("pasted"), CODE);
    check_left_alone(&terminal, child);
}

#[test]
fn a_callback_that_comes_first_leaves_the_terminal_as_it_was() {
    // P-6
    let terminal = Terminal::new(80, 24);
    let mut child = at(&terminal, "race");
    let port: u16 = child.expect("port").parse().unwrap();
    terminal.wait_for(QUESTION);
    assert!(!terminal.is_as_usual());
    // Half of a code is typed, and in the terminal's queue or with the prompt.
    terminal.enter("canary");
    visit(port);
    child.expect("visited");
    check_left_alone(&terminal, child);
}

#[test]
fn a_callback_comes_while_a_script_is_waited_for() {
    // P-6
    let mut child = Running::start(child::command("race-stdin").stdin(Stdio::piped()).stderr(Stdio::piped()));
    let port: u16 = child.expect("port").parse().unwrap();
    let mut stdin = child.stdin();
    stdin.write_all(b"half of a line").unwrap();
    thread::sleep(Duration::from_millis(200));
    visit(port);
    child.expect("visited");
    drop(stdin);
    child.finish();
}

/// Comes back from OpenRouter.
fn visit(port: u16) {
    TcpStream::connect(("127.0.0.1", port)).unwrap().write_all(b"!").unwrap();
}

#[test]
fn a_terminal_that_is_stopped_is_not_waited_for() {
    let terminal = Terminal::new(80, 24);
    terminal.enter(CTRL_S);
    let mut child = at(&terminal, "show my-cli");
    let url = child.expect("url");
    assert!(!terminal.shown().contains(&url));
    terminal.enter(CTRL_Q);
    terminal.wait_for(&url);
    check_left_alone(&terminal, child);
}

#[test]
fn a_standard_error_that_nobody_reads_is_not_waited_for() {
    let (_unread, mut full) = UnixStream::pair().unwrap();
    full.set_nonblocking(true).unwrap();
    while full.write(&[b' '; 4096]).is_ok() {}
    full.set_nonblocking(false).unwrap();
    let mut command = child::command("show-stdin my-cli");
    let mut child = Running::start(command.stdin(Stdio::null()).stderr(OwnedFd::from(full)));
    child.expect("url");
    child.expect("line");
    child.finish();
}

#[test]
fn a_dumb_terminal_is_sent_no_sequences() {
    let terminal = Terminal::new(80, 24);
    let mut child = Running::start(&mut terminal.around(child::command("ask").env("TERM", "dumb")));
    terminal.wait_for(QUESTION);
    terminal.enter(&format!("{CODE}\r"));
    assert_eq!(child.expect("pasted"), CODE);
    check_left_alone(&terminal, child);
    assert!(!terminal.shown().contains('\u{1b}'), "{:?}", terminal.shown());
}

#[test]
fn two_prompts_take_turns() {
    // L-24
    let terminal = Terminal::new(80, 24);
    let mut child = at(&terminal, "ask-both");
    terminal.wait_for(QUESTION);
    terminal.enter(&format!("{CODE}\r"));
    assert_eq!(child.expect("pasted"), CODE);
    terminal.wait_for(&format!("*\u{1b}[?2004l\r\n\u{1b}[?2004hthat was \u{fffd}[31mwrong\r\n{QUESTION}"));
    assert!(!terminal.is_as_usual());
    terminal.enter("canary of the other\r");
    assert_eq!(child.expect("pasted"), "canary of the other");
    check_left_alone(&terminal, child);
}

#[test]
fn a_terminal_that_is_hung_up_has_nobody_at_it() {
    let terminal = Terminal::new(80, 24);
    let command = child::command("ask");
    // By its signal a hang-up would end the child, which is told to go on.
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' HUP; exec {}", words(&command))]).envs(variables(&command));
    let mut child = Running::start(terminal.around(&shell).stderr(Stdio::null()));
    terminal.wait_for(QUESTION);
    drop(terminal);
    assert_eq!(child.expect("failed"), UNAVAILABLE);
    child.expect("line");
    child.finish();
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    // No session of the terminal's: `/dev/tty` cannot be opened.
    let command = child::command("ask");
    let mut around = Command::new("setsid");
    around.arg("--wait").arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    let mut child = Running::start(around.envs(variables(&command)));
    assert_eq!(child.expect("failed"), UNAVAILABLE);
    child.finish();
}

#[test]
fn in_the_background_nobody_is_asked_and_nothing_is_stopped() {
    let terminal = Terminal::new(80, 24);
    let command = child::command("ask");
    // With job control, a shell gives each job a process group.
    let script = format!("set -m; {} < /dev/null & wait", words(&command));
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).envs(variables(&command));
    let mut child = Running::start(&mut terminal.around(&shell));
    assert_eq!(child.expect("failed"), UNAVAILABLE);
    assert!(terminal.is_as_usual());
    child.finish();
}

/// A command as a shell takes it.
fn words(command: &Command) -> String {
    let words = iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ")
}

/// What is set for a command.
fn variables(command: &Command) -> impl Iterator<Item = (&OsStr, &OsStr)> {
    command.get_envs().filter_map(|(name, value)| Some((name, value?)))
}

#[test]
fn a_script_answers_with_lines() {
    let mut child = Running::start(child::command("ask-stdin").stdin(Stdio::piped()).stderr(Stdio::piped()));
    let mut stdin = child.stdin();
    // A pipe is waited for, and a line may come in pieces.
    stdin.write_all(b"first").unwrap();
    thread::sleep(Duration::from_millis(200));
    stdin.write_all(b" line\r\nsecond\nthi").unwrap();
    assert_eq!(child.expect("pasted"), "first line\r");
    assert_eq!(child.expect("pasted"), "second");
    drop(stdin);
    assert_eq!(child.expect("pasted"), "thi");
    child.finish();
}

#[test]
fn a_script_answers_from_a_file() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"first\nsecond\nthird").unwrap();
    file.rewind().unwrap();
    let mut child = Running::start(child::command("ask-stdin").stdin(file).stderr(Stdio::piped()));
    for line in ["first", "second", "third"] {
        assert_eq!(child.expect("pasted"), line);
    }
    child.finish();
}

#[test]
fn after_a_line_of_a_script_that_is_too_long_no_other_is_taken() {
    // P-2
    let longest = [b'a'; 4096];
    let script = [&longest[..], b"\n", &longest, b"a canary\nnext\n"].concat();
    let mut child = Running::start(child::command("ask-stdin").stdin(Stdio::piped()).stderr(Stdio::piped()));
    child.stdin().write_all(&script).unwrap();
    assert_eq!(child.expect("pasted").len(), longest.len());
    for _ in 0..2 {
        assert_eq!(child.expect("failed"), "the input cannot be read");
    }
    // The child itself finds what was not read.
    assert_eq!(child.expect("line"), " canary");
    child.finish();
}

#[test]
fn the_end_of_a_script_ends_the_input() {
    // P-5
    let mut child = Running::start(child::command("ask-stdin").stdin(Stdio::null()).stderr(Stdio::piped()));
    for _ in 0..3 {
        assert_eq!(child.expect("failed"), "the input was ended");
    }
    child.finish();
}
