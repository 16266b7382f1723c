//! The prompt on a standard input that is not a terminal.

use std::{
    io::{Seek as _, Write as _},
    process::Stdio,
    thread,
    time::Duration,
};

use crate::child::{self, Running, send_callback};

#[test]
fn callback_arrives_while_stdin_is_awaited() {
    // P-6
    let mut child = Running::start(child::command("race-stdin").stdin(Stdio::piped()).stderr(Stdio::piped()));
    let port: u16 = child.expect("port").parse().unwrap();
    let mut stdin = child.stdin();
    stdin.write_all(b"half of a line").unwrap();
    thread::sleep(Duration::from_millis(200));
    send_callback(port);
    child.expect("returned");
    drop(stdin);
    child.finish();
}

#[test]
fn stdin_prompt_reads_lines_from_a_pipe() {
    let mut child = Running::start(child::command("ask-stdin").stdin(Stdio::piped()).stderr(Stdio::piped()));
    let mut stdin = child.stdin();
    // The prompt waits for a pipe, and a line may arrive in pieces.
    stdin.write_all(b"first").unwrap();
    thread::sleep(Duration::from_millis(200));
    stdin.write_all(b" line\r\nsecond\nthi").unwrap();
    // Only on Windows, a line ends with two bytes.
    assert_eq!(child.expect("pasted"), if cfg!(windows) { "first line" } else { "first line\r" });
    assert_eq!(child.expect("pasted"), "second");
    drop(stdin);
    assert_eq!(child.expect("pasted"), "thi");
    child.finish();
}

#[test]
fn stdin_prompt_reads_lines_from_a_file() {
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
fn no_line_is_read_after_one_that_is_too_long() {
    // P-2
    let longest = [b'a'; 4096];
    let script = [&longest[..], b"\n", &longest, b"a canary\nnext\n"].concat();
    let mut child = Running::start(child::command("ask-stdin").stdin(Stdio::piped()).stderr(Stdio::piped()));
    child.stdin().write_all(&script).unwrap();
    assert_eq!(child.expect("pasted").len(), longest.len());
    for _ in 0..2 {
        assert_eq!(child.expect("failed"), "the input could not be read");
    }
    // The child itself reads the rest. The prompt has read one byte too many or, on Windows, where a line ends with two
    // bytes, two.
    assert_eq!(child.expect("line"), if cfg!(windows) { "canary" } else { " canary" });
    child.finish();
}

#[test]
fn end_of_a_script_closes_the_prompt() {
    // P-5
    let mut child = Running::start(child::command("ask-stdin").stdin(Stdio::null()).stderr(Stdio::piped()));
    for _ in 0..3 {
        assert_eq!(child.expect("failed"), "the input ended");
    }
    child.finish();
}
