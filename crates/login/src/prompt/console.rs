//! The console on systems other than Unix. Reading from it blocks, so a thread does that.

use std::{
    fs::File,
    io::{self, BufRead as _, IsTerminal as _, Read as _},
    thread,
};

use tokio::sync::{Mutex, oneshot};
use zeroize::Zeroizing;

use crate::prompt::{MAX_BYTES, Pasted, PromptError, print::print};

/// Returns `None`, because the prompt writes to the console through standard error.
pub(super) fn open() -> Option<File> {
    None
}

pub(super) fn size(_: &File) -> Option<(usize, usize)> {
    None
}

/// Prints the problem and the question, and reads a line. The console displays and edits the line as usual.
pub(super) async fn ask(problem: &str, question: &str) -> Result<Pasted, PromptError> {
    if !io::stdin().is_terminal() {
        return Err(PromptError::Unavailable);
    }
    print(io::stderr(), [problem, question].concat());
    next_line().await
}

/// Reads lines from a standard input that is not a console.
pub(super) mod pipe {
    use super::{Pasted, PromptError, next_line};

    pub(in crate::prompt) async fn ask() -> Result<Pasted, PromptError> {
        next_line().await
    }
}

/// The line that the thread is reading.
type NextLine = oneshot::Receiver<Result<Pasted, PromptError>>;

/// Returns the next line of standard input. If a prompt is dropped while it waits, its thread keeps reading, and the
/// next prompt gets that line.
async fn next_line() -> Result<Pasted, PromptError> {
    static READING: Mutex<Option<NextLine>> = Mutex::const_new(None);
    let mut reading = READING.lock().await;
    let next_line = match &mut *reading {
        Some(next_line) => next_line,
        none => none.insert(read_on_a_thread()?),
    };
    let line = next_line.await;
    *reading = None;
    line.unwrap_or(Err(PromptError::Unavailable))
}

fn read_on_a_thread() -> Result<NextLine, PromptError> {
    let (send, next_line) = oneshot::channel();
    let read = move || {
        // The receiver may be gone.
        let _ = send.send(read_line());
    };
    thread::Builder::new().name("prompt".into()).spawn(read).map_err(PromptError::Io)?;
    Ok(next_line)
}

fn read_line() -> Result<Pasted, PromptError> {
    let mut stdin = io::stdin().lock();
    let longest = MAX_BYTES + "\r\n".len();
    // Allocated at its final size, because growing would leave copies in memory.
    let mut line = Zeroizing::new(Vec::with_capacity(longest));
    let read = stdin.by_ref().take(longest as u64).read_until(b'\n', &mut line).map_err(PromptError::Io)?;
    if read == 0 {
        return Err(PromptError::Closed);
    }
    let entered = line.strip_suffix(b"\n").unwrap_or(&line);
    let text = entered.strip_suffix(b"\r").unwrap_or(entered);
    if text.len() > MAX_BYTES {
        if stdin.is_terminal() && !line.ends_with(b"\n") {
            // The rest must not become the next line.
            stdin.skip_until(b'\n').map_err(PromptError::Io)?;
        }
        return Err(PromptError::TooLong);
    }
    Ok(Pasted::from_utf8_lossy(text))
}
