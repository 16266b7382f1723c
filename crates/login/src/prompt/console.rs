//! The console of systems that are not Unix. It can only be waited for by blocking, so a thread does it; if a future is
//! dropped, its thread stays until there is a line or the process ends.

use std::{
    fs::File,
    io::{self, ErrorKind},
    thread,
};

use tokio::sync::oneshot;

use crate::prompt::{Pasted, PromptError};

/// The console is written to as standard error.
pub(super) fn open() -> Option<File> {
    None
}

pub(super) fn size(_: &File) -> Option<(usize, usize)> {
    None
}

/// Asks for a line that is not shown.
pub(super) async fn ask(words: &str, question: &str) -> Result<Pasted, PromptError> {
    let question = [words, question].concat();
    on_a_thread(|| {
        let hidden = rpassword::ConfigBuilder::new().password_feedback_mask('*').build();
        rpassword::prompt_password_with_config(question, hidden)
    })
    .await
}

/// Lines from a standard input that is not a console.
pub(super) mod pipe {
    use std::io::{BufRead as _, Read as _};

    use super::{ErrorKind, Pasted, PromptError, io, on_a_thread};
    use crate::prompt::MAX_BYTES;

    pub(in crate::prompt) async fn ask() -> Result<Pasted, PromptError> {
        on_a_thread(|| {
            let mut line = String::new();
            let longest = MAX_BYTES + "\r\n".len();
            match io::stdin().lock().take(longest as u64).read_line(&mut line)? {
                0 => Err(ErrorKind::UnexpectedEof.into()),
                _ if line.trim_end_matches(['\r', '\n']).len() > MAX_BYTES => {
                    Err(ErrorKind::FileTooLarge.into())
                }
                _ => Ok(line),
            }
        })
        .await
    }
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
            ErrorKind::Interrupted | ErrorKind::UnexpectedEof => PromptError::Closed,
            ErrorKind::NotFound => PromptError::Unavailable,
            ErrorKind::FileTooLarge => PromptError::TooLong,
            _ => PromptError::Io(error),
        }),
        Err(_) => Err(PromptError::Unavailable),
    }
}
