//! The prompt at the terminal.

use std::{
    env,
    io::{self, ErrorKind, IsTerminal as _},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

#[cfg(not(unix))]
use crate::prompt::console::{self as tty, pipe};
#[cfg(unix)]
use crate::prompt::{pipe, tty};
use crate::{
    prompt::{
        Pasted, Prompt, PromptError, PromptFuture, SignInInstructions,
        messages::{self, Canvas},
        print::print,
    },
    qr::Ink,
};

/// A prompt at the terminal, or on standard input for scripts.
///
/// The prompt uses the terminal that controls the process (`/dev/tty`), because standard input and output may be part
/// of a pipeline. It never changes the terminal's settings. The user sees and edits the line as usual, Ctrl-D on an
/// empty line returns [`PromptError::Closed`], and Ctrl-C sends its signal. The signal ends the process unless the
/// program handles it, for example with [`Login::cancel_on_ctrl_c`](crate::Login::cancel_on_ctrl_c).
///
/// The code is one line. After that line, the prompt discards input until the terminal has been quiet for 100 ms, for
/// at most a second, so that neither the next question nor the shell gets the rest of a paste. A dropped prompt cannot
/// wait. It discards the input that has arrived, and the shell gets any later input.
///
/// A line of 4,095 bytes or more returns [`PromptError::TooLong`]. On Apple systems, the terminal accepts about 1,024
/// bytes per line, and drops the rest with a bell.
///
/// In the background, the prompt returns [`PromptError::Unavailable`] instead of stopping the process. It returns the
/// same error at a terminal that another program left in raw mode, and tells the user to run `stty sane`.
///
/// On systems other than Unix, the prompt uses standard input, if it is a terminal. Dropping the prompt there leaves a
/// thread behind that reads the next line. The next prompt gets that line, and the rest of the program does not.
///
/// Its futures need a tokio runtime with I/O and time enabled.
#[derive(Clone, Debug)]
pub struct TerminalPrompt {
    input: Input,
}

#[derive(Clone, Copy, Debug)]
enum Input {
    Terminal,
    Stdin,
}

impl TerminalPrompt {
    /// Creates a prompt at the terminal.
    pub fn new() -> Self {
        Self { input: Input::Terminal }
    }

    /// Creates a prompt that reads each code from a line of standard input, for scripts: `echo "$CODE" | my-cli login`.
    /// It prints its messages to standard error.
    ///
    /// At the end of the input, it returns [`PromptError::Closed`]. After a line that is longer than any code or URL,
    /// this and every other prompt of the process return [`PromptError::Io`], because the rest of that line could be
    /// mistaken for the next one.
    ///
    /// If standard input is a terminal, this is the same as [`new`](Self::new).
    pub fn stdin() -> Self {
        Self { input: Input::Stdin }
    }

    fn is_at_terminal(&self) -> bool {
        matches!(self.input, Input::Terminal) || io::stdin().is_terminal()
    }
}

impl Default for TerminalPrompt {
    fn default() -> Self {
        Self::new()
    }
}

impl Prompt for TerminalPrompt {
    fn show(&self, instructions: &SignInInstructions<'_>) {
        let terminal = if self.is_at_terminal() { tty::open() } else { None };
        let canvas = terminal.as_ref().and_then(|terminal| canvas(tty::size(terminal)));
        let text = messages::instructions(instructions, canvas);
        match terminal {
            Some(terminal) => print(terminal, text),
            None => print(io::stderr(), text),
        }
    }

    fn ask<'a>(&'a self, problem: Option<&'a str>) -> PromptFuture<'a> {
        Box::pin(async move {
            let problem = messages::problem(problem);
            if self.is_at_terminal() {
                tty::ask(&problem, messages::QUESTION).await
            } else {
                print(io::stderr(), problem);
                line_of_stdin().await
            }
        })
    }
}

/// Returns a line of standard input, unless an earlier line was too long.
async fn line_of_stdin() -> Result<Pasted, PromptError> {
    // Shared by the whole process, like standard input.
    static IS_CUT: AtomicBool = AtomicBool::new(false);
    if !IS_CUT.load(Relaxed) {
        let line = pipe::ask().await;
        if !matches!(line, Err(PromptError::TooLong)) {
            return line;
        }
        IS_CUT.store(true, Relaxed);
    }
    Err(PromptError::Io(io::Error::new(
        ErrorKind::InvalidData,
        "an earlier line was longer than any code or URL",
    )))
}

/// Returns the space for a QR code on a terminal of this size.
fn canvas(size: Option<(usize, usize)>) -> Option<Canvas> {
    let (columns, rows) = size?;
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let ink = if is_set("NO_COLOR") { Ink::Plain } else { Ink::Color };
    (!is_dumb()).then_some(Canvas { columns, rows, ink })
}

/// Returns whether the terminal displays escape sequences literally, such as the terminal of an editor.
fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|terminal| terminal == "dumb")
}
