//! The prompt at a real terminal, where a user types.

use std::{
    ffi::OsStr,
    io::Write as _,
    iter,
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use crate::{
    child::{self, Running, send_callback},
    pty::Terminal,
    tools::{SETSID, needs},
};

const CODE: &str = "auth_code_canary-0c0de-5e3c1a";
const QUESTION: &str = "Code: ";
/// Stop and resume the output of a terminal.
const CTRL_S: &str = "\u{13}";
const CTRL_Q: &str = "\u{11}";
/// Suspends the program in the foreground.
const CTRL_Z: &str = "\u{1a}";
const UNAVAILABLE: &str = "there is no terminal to paste a code into";

/// Starts a child that runs `step` at this terminal, and reports through a pipe.
fn at(terminal: &Terminal, step: &str) -> Running {
    Running::start(&mut terminal.around(&child::command(step)))
}

/// Checks that the terminal is unchanged, and that the child's next line is the one typed now. The child then ends.
#[track_caller]
fn check_left_alone(terminal: &Terminal, mut child: Running) {
    assert!(terminal.is_unchanged());
    terminal.enter("ls\n");
    assert_eq!(child.expect("line"), "ls");
    child.finish();
}

/// Lets a child ask at a new terminal, and pastes these pieces 20 milliseconds apart.
///
/// The prompt discards input that arrives within 100 milliseconds, so this starts over if a gap was 60 milliseconds or
/// longer.
fn paste(step: &str, pieces: &[&str]) -> (Terminal, Running) {
    for _ in 0..20 {
        let terminal = Terminal::new(80, 24);
        let child = at(&terminal, step);
        terminal.wait_for(QUESTION);
        let mut longest_gap = Duration::ZERO;
        let mut before = None;
        for piece in pieces {
            if before.is_some() {
                thread::sleep(Duration::from_millis(20));
            }
            let begun = Instant::now();
            terminal.enter(piece);
            longest_gap = longest_gap.max(before.map_or(Duration::ZERO, |before: Instant| before.elapsed()));
            before = Some(begun);
        }
        if longest_gap < Duration::from_millis(60) {
            return (terminal, child);
        }
    }
    panic!("this machine is too busy to paste");
}

#[test]
fn pasted_code_is_read_without_changing_the_terminal() {
    // P-6
    needs!(SETSID);
    for (entered, expected) in [
        (format!("{CODE}\r"), CODE),
        (format!("{CODE}\n"), CODE),
        // The terminal edits the line.
        (format!("wrong\u{15}{CODE}xy\u{7f}\u{7f}\r"), CODE),
        // The rest of a paste does not go to the shell.
        (format!("{CODE}\r{}", "rm -rf canary\n".repeat(100)), CODE),
        // Ctrl-D ends an empty line only.
        ("auth_code_canary\u{4}-0c0de-5e3c1a\r".to_owned(), CODE),
        ("\r".to_owned(), ""),
    ] {
        let terminal = Terminal::new(80, 24);
        let mut child = at(&terminal, "ask");
        let shown = terminal.wait_for(QUESTION);
        assert_eq!(shown, format!("that was \u{fffd}[31mwrong\r\n{QUESTION}"));
        assert!(terminal.is_unchanged());
        terminal.enter(&entered);
        assert_eq!(child.expect("pasted"), expected);
        check_left_alone(&terminal, child);
        assert!(!terminal.shown().contains('\u{1b}'), "{:?}", terminal.shown());
    }
}

#[test]
fn prompt_leaves_the_cursor_on_a_new_line() {
    needs!(SETSID);
    let question = format!("that was \u{fffd}[31mwrong\r\n{QUESTION}");
    // With Enter, the terminal starts the new line; without Enter, the prompt does.
    for (entered, shown) in [("code\r", "code\r\n"), ("\u{4}", "\r\n")] {
        let terminal = Terminal::new(80, 24);
        let mut child = at(&terminal, "ask");
        terminal.wait_for(QUESTION);
        terminal.enter(entered);
        child.expect(if shown.starts_with("code") { "pasted" } else { "failed" });
        assert_eq!(terminal.wait_for_times("\n", 2), format!("{question}{shown}"));
        check_left_alone(&terminal, child);
    }
}

#[test]
fn rest_of_a_paste_of_several_lines_is_discarded() {
    // P-2: a wrapped URL.
    needs!(SETSID);
    let terminal = Terminal::new(80, 24);
    let mut child = at(&terminal, "ask-twice");
    terminal.wait_for(QUESTION);
    terminal.enter("http://127.0.0.1:1/callback/\rn0nce?code=\rcanary\r");
    assert_eq!(child.expect("pasted"), "http://127.0.0.1:1/callback/");
    terminal.wait_for_times(QUESTION, 2);
    terminal.enter(&format!("{CODE}\r"));
    assert_eq!(child.expect("pasted"), CODE);
    check_left_alone(&terminal, child);
}

#[test]
fn rest_of_a_paste_that_arrives_later_is_discarded() {
    // P-6
    needs!(SETSID);
    for step in ["ask", "ask-twice"] {
        let (terminal, mut child) = paste(step, &[&format!("{CODE}\r"), "rm -rf canary\r"]);
        assert_eq!(child.expect("pasted"), CODE);
        if step == "ask-twice" {
            terminal.wait_for_times(QUESTION, 2);
            terminal.enter("second\r");
            assert_eq!(child.expect("pasted"), "second");
        }
        check_left_alone(&terminal, child);
    }
}

#[test]
fn rest_of_a_paste_beyond_4_kib_is_discarded() {
    // P-6
    needs!(SETSID);
    let (code, rest) = (format!("{CODE}\r"), "rm -rf canary ".repeat(70) + "\r");
    let (terminal, mut child) = paste("ask", &[&code, &rest, &rest, &rest, &rest, &rest, &rest]);
    assert_eq!(child.expect("pasted"), CODE);
    check_left_alone(&terminal, child);
}

#[test]
fn endless_input_after_a_code_does_not_delay_the_prompt() {
    needs!(SETSID);
    let terminal = Terminal::new(80, 24);
    let mut child = at(&terminal, "ask");
    terminal.wait_for(QUESTION);
    terminal.enter(&format!("{CODE}\r"));
    thread::scope(|scope| {
        let (over, is_over) = mpsc::channel::<()>();
        let typing = &terminal;
        scope.spawn(move || {
            while is_over.recv_timeout(Duration::from_millis(30)) == Err(RecvTimeoutError::Timeout) {
                typing.enter("canary\r");
            }
        });
        assert_eq!(child.expect("pasted"), CODE);
        drop(over);
    });
}

#[test]
fn ctrl_d_on_an_empty_line_closes_the_prompt() {
    // P-5
    needs!(SETSID);
    for entered in ["\u{4}", "canary\u{15}\u{4}", "canary\u{4}\u{4}"] {
        let terminal = Terminal::new(80, 24);
        let mut child = at(&terminal, "ask");
        terminal.wait_for(QUESTION);
        terminal.enter(entered);
        assert_eq!(child.expect("failed"), "the input ended", "{entered:?}");
        check_left_alone(&terminal, child);
    }
}

#[test]
fn raw_mode_terminal_shows_no_question() {
    needs!(SETSID);
    for mode in ["-icanon", "-icrnl", "raw"] {
        let terminal = Terminal::new(80, 24);
        let command = child::command("ask");
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("stty {mode}; exec {}", words(&command))]).envs(variables(&command));
        let mut child = Running::start(&mut terminal.around(&shell));
        assert_eq!(child.expect("failed"), UNAVAILABLE);
        let shown = terminal.wait_for("sign in again.");
        assert!(shown.contains("`stty sane`") && !shown.contains(QUESTION), "{shown}");
        terminal.enter("ls\n");
        assert_eq!(child.expect("line"), "ls");
        child.finish();
    }
}

#[test]
fn ctrl_c_is_a_signal_and_discards_half_a_line() {
    // P-5
    needs!(SETSID);
    let terminal = Terminal::new(80, 24);
    let mut child = at(&terminal, "ask-until-ctrl-c");
    terminal.wait_for(QUESTION);
    terminal.enter("canary\u{3}");
    assert_eq!(child.expect("interrupted"), "Ok(())");
    check_left_alone(&terminal, child);
}

#[test]
fn line_that_the_terminal_would_cut_is_too_long() {
    // P-2
    needs!(SETSID);
    let longest = "c".repeat(4094);
    let terminal = Terminal::new(80, 24);
    let mut child = at(&terminal, "ask");
    terminal.wait_for(QUESTION);
    enter_in_pieces(&terminal, &format!("{longest}\r"));
    assert_eq!(child.expect("pasted"), longest);
    check_left_alone(&terminal, child);

    for length in [4095, 4096, 4097, 10_000] {
        let terminal = Terminal::new(80, 24);
        let mut child = at(&terminal, "ask-twice");
        terminal.wait_for(QUESTION);
        enter_in_pieces(&terminal, &("c".repeat(length) + "\r"));
        assert_eq!(child.expect("failed"), "the pasted text is too long", "{length}");
        // The rest does not become the next line.
        terminal.wait_for_times(QUESTION, 2);
        terminal.enter(&format!("{CODE}\r"));
        assert_eq!(child.expect("pasted"), CODE, "{length}");
        check_left_alone(&terminal, child);
    }
}

/// Types in pieces, because a terminal accepts at most 4 KiB at once.
fn enter_in_pieces(terminal: &Terminal, text: &str) {
    for piece in text.as_bytes().chunks(1000) {
        terminal.enter(std::str::from_utf8(piece).unwrap());
    }
}

#[test]
fn callback_leaves_the_terminal_unchanged() {
    // P-6
    needs!(SETSID);
    let terminal = Terminal::new(80, 24);
    let mut child = at(&terminal, "race");
    let port: u16 = child.expect("port").parse().unwrap();
    terminal.wait_for(QUESTION);
    // The user has typed half of a code.
    terminal.enter("canary");
    terminal.wait_for("canary");
    send_callback(port);
    child.expect("returned");
    check_left_alone(&terminal, child);
}

#[test]
fn show_does_not_wait_for_a_stopped_terminal() {
    needs!(SETSID);
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
fn show_does_not_wait_for_full_standard_error() {
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
fn two_prompts_take_turns() {
    // L-24
    needs!(SETSID);
    let terminal = Terminal::new(80, 24);
    let mut child = at(&terminal, "ask-both");
    terminal.wait_for(QUESTION);
    terminal.enter(&format!("{CODE}\r"));
    assert_eq!(child.expect("pasted"), CODE);
    terminal.wait_for_times(QUESTION, 2);
    terminal.enter("canary of the other\r");
    assert_eq!(child.expect("pasted"), "canary of the other");
    check_left_alone(&terminal, child);
}

#[test]
fn hung_up_terminal_is_unavailable() {
    needs!(SETSID);
    let terminal = Terminal::new(80, 24);
    let command = child::command("ask");
    // A hang-up would end the child by a signal, so the child ignores it.
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
fn missing_terminal_is_unavailable() {
    // A new session has no terminal, so `/dev/tty` cannot be opened.
    needs!(SETSID);
    let command = child::command("ask");
    let mut around = Command::new("setsid");
    around.arg("--wait").arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    let mut child = Running::start(around.envs(variables(&command)));
    assert_eq!(child.expect("failed"), UNAVAILABLE);
    child.finish();
}

#[test]
fn background_prompt_is_unavailable_and_not_stopped() {
    needs!(SETSID);
    let terminal = Terminal::new(80, 24);
    let command = child::command("ask");
    // With job control, a shell gives each job its own process group.
    let script = format!("set -m; {} < /dev/null & wait", words(&command));
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).envs(variables(&command));
    // This input is not for a process in the background.
    terminal.enter("canary\n");
    let mut child = Running::start(&mut terminal.around(&shell));
    assert_eq!(child.expect("failed"), UNAVAILABLE);
    assert!(terminal.is_unchanged());
    child.finish();
}

#[test]
fn prompt_moved_to_the_background_leaves_the_input_to_the_shell() {
    // P-6: the prompt checks that it is in the foreground before each read.
    needs!(SETSID);
    let terminal = Terminal::new(80, 24);
    let command = child::command("ask");
    let job = words(&command);
    let script =
        format!("set -m; {job} < /dev/null; bg; echo moved >&2; wait; read -r line; echo left: $line");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).envs(variables(&command));
    let mut child = Running::start(&mut terminal.around(&shell));
    terminal.wait_for(QUESTION);
    terminal.enter(CTRL_Z);
    terminal.wait_for("moved");
    terminal.enter("canary\n");
    assert_eq!(child.expect("failed"), UNAVAILABLE);
    assert!(child.finish().contains("left: canary"));
    assert!(terminal.is_unchanged());
}

/// Quotes a command for a shell.
fn words(command: &Command) -> String {
    let words = iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ")
}

/// Returns the variables that are set for a command.
fn variables(command: &Command) -> impl Iterator<Item = (&OsStr, &OsStr)> {
    command.get_envs().filter_map(|(name, value)| Some((name, value?)))
}
