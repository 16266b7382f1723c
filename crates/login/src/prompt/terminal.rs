//! A prompt at the terminal.

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

/// Asks the user at the terminal, or a script at standard input.
///
/// The terminal is the one that controls the process (`/dev/tty`), whatever standard input and output are: those may be
/// part of a pipeline. Its settings are never changed: the user sees and edits the line as in any other program, Ctrl-D on
/// an empty line is [`PromptError::Closed`], and Ctrl-C is the signal that it always is. It ends the process, unless the
/// program handles it, for example with [`Login::cancel_on_ctrl_c`](crate::Login::cancel_on_ctrl_c).
///
/// The code ends with its line. After that line the prompt discards input until the terminal has been quiet for 100 ms, for
/// at most a second, so that neither the next question nor the shell gets the rest of a paste. A prompt that is dropped
/// cannot wait: it discards what has arrived, and the shell gets what arrives later.
///
/// A line of 4,095 bytes or more is [`PromptError::TooLong`]. On Apple's systems the terminal takes about 1,024 bytes a line,
/// and drops the rest with a bell.
///
/// In the background, the prompt returns [`PromptError::Unavailable`]; it does not stop the process. It also returns that
/// error at a terminal that another program left in raw mode, and tells the user to run `stty sane`.
///
/// On systems that are not Unix the terminal is standard input, if that is one. A prompt that is dropped there leaves a thread
/// behind, which reads the next line: the next prompt gets that line, and the rest of the program does not.
///
/// Its futures need tokio's drivers.
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
    /// Asks at the terminal.
    pub fn new() -> Self {
        Self { input: Input::Terminal }
    }

    /// Takes each code from a line of standard input, for scripts: `echo "$CODE" | my-cli login`. What there is to say goes
    /// to standard error. The end of the input is [`PromptError::Closed`]. After a line that is longer than any code or URL
    /// nothing more is read, here or by another prompt, since the rest of it would be taken for the next line:
    /// [`PromptError::Io`].
    ///
    /// If standard input is a terminal, this is [`new`](Self::new).
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

/// A line of standard input, unless one was too long before.
async fn line_of_stdin() -> Result<Pasted, PromptError> {
    // Of the process, as standard input is.
    static IS_CUT: AtomicBool = AtomicBool::new(false);
    if !IS_CUT.load(Relaxed) {
        let line = pipe::ask().await;
        if !matches!(line, Err(PromptError::TooLong)) {
            return line;
        }
        IS_CUT.store(true, Relaxed);
    }
    Err(PromptError::Io(io::Error::new(ErrorKind::InvalidData, "a line is longer than any code or URL")))
}

/// What can be drawn on a terminal of this size.
fn canvas(size: Option<(usize, usize)>) -> Option<Canvas> {
    let (columns, rows) = size?;
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let ink = if is_set("NO_COLOR") { Ink::Plain } else { Ink::Color };
    (!is_dumb()).then_some(Canvas { columns, rows, ink })
}

/// Whether the terminal shows escape sequences as they are, such as that of an editor.
fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|terminal| terminal == "dumb")
}
