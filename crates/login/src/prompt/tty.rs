//! The controlling terminal of this process.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::{
        fd::AsFd,
        unix::{ffi::OsStringExt as _, fs::OpenOptionsExt as _},
    },
    path::PathBuf,
    time::Duration,
};

use rustix::{
    fs::OFlags,
    io::Errno,
    process::getpgrp,
    termios::{InputModes, LocalModes, QueueSelector, tcflush, tcgetattr, tcgetpgrp, tcgetwinsize, ttyname},
};
use tokio::{
    net::unix::pipe::Receiver,
    sync::Mutex,
    time::{Instant, timeout_at},
};
use zeroize::Zeroizing;

use crate::prompt::{MAX_BYTES, Pasted, PromptError};

/// Opens the terminal for writing. Returns `None` if there is no terminal, or this process is not in its foreground.
pub(super) fn open() -> Option<File> {
    open_with(OFlags::NOCTTY)
}

/// Returns the size in columns and rows, if the terminal knows it.
pub(super) fn size(terminal: impl AsFd) -> Option<(usize, usize)> {
    let size = tcgetwinsize(terminal).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col.into(), size.ws_row.into()))
}

/// Prints the problem, if there is one, and the question. Reads a line, which the terminal displays and edits as usual.
pub(super) async fn ask(problem: &str, question: &str) -> Result<Pasted, PromptError> {
    // Two prompts at once would get each other's lines.
    static TURN: Mutex<()> = Mutex::const_new(());
    let _turn = TURN.lock().await;
    // A separate open file, so that non-blocking mode does not affect other users of standard input.
    let terminal = open_with(OFlags::NOCTTY | OFlags::NONBLOCK).ok_or(PromptError::Unavailable)?;
    let file = terminal.try_clone().map_err(PromptError::Io)?;
    // Despite its name, `Receiver` can wait for any pollable file. `AsyncFd` would need `unsafe`.
    let input = Receiver::from_file_unchecked(file).map_err(PromptError::Io)?;
    let mut prompt = OpenPrompt { terminal: &terminal, is_entered: false };
    if !problem.is_empty() {
        // Discard what the user typed before this question was repeated.
        prompt.flush();
    }
    prompt.print(problem);
    if !ends_lines_at_enter(&terminal) {
        prompt.print(RAW_TERMINAL);
        return Err(PromptError::Unavailable);
    }
    prompt.print(question);
    let line = prompt.read_line(&input).await;
    if matches!(line, Ok(_) | Err(PromptError::TooLong)) {
        prompt.discard_rest(&input).await;
    }
    line
}

/// An open question on the terminal.
struct OpenPrompt<'a> {
    terminal: &'a File,
    /// Whether Enter was pressed, so that the cursor is on the next line.
    is_entered: bool,
}

impl OpenPrompt<'_> {
    async fn read_line(&mut self, input: &Receiver) -> Result<Pasted, PromptError> {
        let mut line = Zeroizing::new([0; MAX_BYTES]);
        let mut length = 0;
        while length <= LONGEST {
            // The line arrives at once, or in parts if the user pressed Ctrl-D within it.
            length += self.read(input, line.get_mut(length..).unwrap_or_default()).await?;
            if let Some(entered) = line.get(..length).and_then(|line| line.strip_suffix(b"\n")) {
                self.is_entered = true;
                if entered.len() <= LONGEST {
                    return Ok(Pasted::from_utf8_lossy(entered));
                }
            }
        }
        Err(PromptError::TooLong)
    }

    /// Discards input after the line until the terminal is quiet, because a paste of several lines may arrive in
    /// pieces.
    async fn discard_rest(&self, input: &Receiver) {
        let mut rest = Zeroizing::new([0; 1024]);
        let end = Instant::now() + DISCARD_TIMEOUT;
        loop {
            let quiet_at = (Instant::now() + QUIET_TIME).min(end);
            match timeout_at(quiet_at, self.read(input, &mut *rest)).await {
                // An empty line that ends with Ctrl-D is part of the rest.
                Ok(Ok(_) | Err(PromptError::Closed)) if Instant::now() < end => {}
                _ => return,
            }
        }
    }

    /// Waits for input, and reads it.
    async fn read(&self, input: &Receiver, buffer: &mut [u8]) -> Result<usize, PromptError> {
        loop {
            input.readable().await.map_err(PromptError::Io)?;
            // Reading in the background would stop the process.
            if !is_foreground(self.terminal) {
                return Err(PromptError::Unavailable);
            }
            match input.try_read(buffer) {
                // The user pressed Ctrl-D, or the terminal is gone.
                Ok(0) if is_foreground(self.terminal) => return Err(PromptError::Closed),
                Ok(0) => return Err(PromptError::Unavailable),
                Ok(read) => return Ok(read),
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => {
                    return Err(PromptError::Unavailable);
                }
                Err(error) => return Err(PromptError::Io(error)),
            }
        }
    }

    /// Prints as much as the terminal accepts without blocking.
    fn print(&self, text: &str) {
        let mut terminal = self.terminal;
        let _ = terminal.write_all(text.as_bytes());
    }

    /// Discards the unread input of the terminal.
    fn flush(&self) {
        let _ = tcflush(self.terminal, QueueSelector::IFlush);
    }
}

impl Drop for OpenPrompt<'_> {
    fn drop(&mut self) {
        // In the background, the input belongs to the shell, and printing could stop this process.
        if is_foreground(self.terminal) {
            // Otherwise, the shell would run half a line, or the lines that were pasted after the first.
            self.flush();
            if !self.is_entered {
                self.print("\n");
            }
        }
    }
}

fn open_with(flags: OFlags) -> Option<File> {
    let flags = i32::try_from(flags.bits()).ok()?;
    let terminal = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path()).ok()?;
    is_foreground(&terminal).then_some(terminal)
}

/// Returns the path of the terminal. Apple's kqueue cannot wait for `/dev/tty`, only for the device behind it.
fn path() -> PathBuf {
    fn name(file: impl AsFd + io::IsTerminal) -> Option<PathBuf> {
        let name = file.is_terminal().then(|| ttyname(file, Vec::new()).ok()).flatten()?;
        Some(std::ffi::OsString::from_vec(name.into_bytes()).into())
    }
    let named = cfg!(target_vendor = "apple")
        .then(|| name(io::stdin()).or_else(|| name(io::stderr())).or_else(|| name(io::stdout())));
    named.flatten().unwrap_or_else(|| "/dev/tty".into())
}

/// Returns whether this process can use the terminal without being stopped.
fn is_foreground(terminal: impl AsFd) -> bool {
    tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp())
}

/// Returns whether the terminal collects a line and ends it at Enter. A crashed program may have left it in raw mode.
fn ends_lines_at_enter(terminal: impl AsFd) -> bool {
    tcgetattr(terminal).is_ok_and(|settings| {
        settings.local_modes.contains(LocalModes::ICANON) && settings.input_modes.contains(InputModes::ICRNL)
    })
}

/// The message that replaces the question in raw mode.
const RAW_TERMINAL: &str =
    "This terminal is in raw mode, so no code can be entered. Run `stty sane`, then sign in again.";

/// The longest line that the terminal certainly did not cut. Linux cuts a longer line to one byte more than this.
/// Apple systems drop the rest with a bell.
const LONGEST: usize = if cfg!(target_vendor = "apple") { 1024 - 2 } else { MAX_BYTES - 2 };

/// How long the terminal must be quiet before the paste counts as over.
const QUIET_TIME: Duration = Duration::from_millis(100);

/// The maximum time for which input after a line is discarded.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);
