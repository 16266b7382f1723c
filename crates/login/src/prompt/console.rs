//! The console of systems that are not Unix. It can only be waited for by blocking, so a thread does it; if a future is
//! dropped, its thread stays until there is a line or the process ends.

use std::{
    fs::File,
    io::{self, BufRead as _, ErrorKind, IsTerminal as _, Read as _, Write as _},
    thread,
};

use tokio::sync::oneshot;

use crate::prompt::{MAX_BYTES, Pasted, PromptError};

/// The console is written to as standard error.
pub(super) fn open() -> Option<File> {
    None
}

pub(super) fn size(_: &File) -> Option<(usize, usize)> {
    None
}

/// Prints these words and the question, and reads a line, which the console shows and edits as it always does.
pub(super) async fn ask(words: &str, question: &str) -> Result<Pasted, PromptError> {
    if !io::stdin().is_terminal() {
        return Err(PromptError::Unavailable);
    }
    let question = [words, question].concat();
    on_a_thread(move || {
        io::stderr().write_all(question.as_bytes())?;
        read_line()
    })
    .await
}

/// Lines from a standard input that is not a console.
pub(super) mod pipe {
    use super::{Pasted, PromptError, on_a_thread, read_line};

    pub(in crate::prompt) async fn ask() -> Result<Pasted, PromptError> {
        on_a_thread(read_line).await
    }
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    let mut stdin = io::stdin().lock();
    let longest = MAX_BYTES + "\r\n".len();
    let read = stdin.by_ref().take(longest as u64).read_line(&mut line)?;
    if line.trim_end_matches(['\r', '\n']).len() > MAX_BYTES {
        if stdin.is_terminal() && !line.ends_with('\n') {
            // The rest must not be the next line.
            stdin.skip_until(b'\n')?;
        }
        return Err(ErrorKind::FileTooLarge.into());
    }
    if read == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(line) }
}

async fn on_a_thread(
    read: impl FnOnce() -> io::Result<String> + Send + 'static,
) -> Result<Pasted, PromptError> {
    let (tell, told) = oneshot::channel();
    let run = move || {
        // Nobody may be waiting any more.
        let _ = tell.send(read().map(Pasted::new));
    };
    thread::Builder::new().name("prompt".into()).spawn(run).map_err(PromptError::Io)?;
    match told.await {
        Ok(Ok(pasted)) => Ok(pasted),
        Ok(Err(error)) => Err(match error.kind() {
            ErrorKind::UnexpectedEof => PromptError::Closed,
            ErrorKind::FileTooLarge => PromptError::TooLong,
            _ => PromptError::Io(error),
        }),
        Err(_) => Err(PromptError::Unavailable),
    }
}
