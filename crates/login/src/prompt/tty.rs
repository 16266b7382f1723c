//! The terminal that controls this process.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::{
        fd::AsFd,
        unix::{ffi::OsStringExt as _, fs::OpenOptionsExt as _},
    },
    path::PathBuf,
};

use rustix::{
    fs::OFlags,
    io::Errno,
    process::getpgrp,
    termios::{
        InputModes, LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush,
        tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr, ttyname,
    },
};
use tokio::{net::unix::pipe::Receiver, sync::Mutex};
use zeroize::Zeroizing;

use crate::prompt::{
    Pasted, PromptError,
    line::{Line, Step},
    terminal::is_dumb,
};

/// The terminal, opened anew to be written to; none if there is none, or another process has it in the foreground.
pub(super) fn open() -> Option<File> {
    open_with(OFlags::NOCTTY)
}

/// Its size in columns and rows, of those it knows.
pub(super) fn size(terminal: impl AsFd) -> Option<(usize, usize)> {
    let size = tcgetwinsize(terminal).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col.into(), size.ws_row.into()))
}

/// Asks for a line that is not shown, in the line of the question; before it come these words.
pub(super) async fn ask(words: &str, question: &str) -> Result<Pasted, PromptError> {
    // Of two prompts at once, the one that ends first would show what is typed into the other.
    static TURN: Mutex<()> = Mutex::const_new(());
    let _turn = TURN.lock().await;
    // Opened anew, waiting or not is a matter of this file alone, and not of whoever shares standard input.
    let terminal = open_with(OFlags::NOCTTY | OFlags::NONBLOCK).ok_or(PromptError::Unavailable)?;
    let file = terminal.try_clone().map_err(PromptError::Io)?;
    // Named after pipes, it waits for any file that can be waited for. `AsyncFd` would take `unsafe` to make.
    let input = Receiver::from_file_unchecked(file).map_err(PromptError::Io)?;
    let hidden = Hidden::begin(&terminal)?;
    hidden.print(words);
    hidden.print(question);
    let columns = size(&terminal).map_or(DEFAULT_COLUMNS, |(columns, _)| columns);
    // The cursor needs a place, too.
    let room = columns.saturating_sub(question.chars().count() + 1);
    read_line(&hidden, &input, Line::new(room)).await
}

async fn read_line(hidden: &Hidden<'_>, input: &Receiver, mut line: Line) -> Result<Pasted, PromptError> {
    let mut buffer = Zeroizing::new([0; 256]);
    loop {
        input.readable().await.map_err(PromptError::Io)?;
        // Reading in the background would stop the process.
        if !is_foreground(hidden.terminal) {
            return Err(PromptError::Unavailable);
        }
        let read = match input.try_read(&mut *buffer) {
            // The terminal is gone.
            Ok(0) => return Err(PromptError::Unavailable),
            Ok(read) => read,
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => continue,
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => {
                return Err(PromptError::Unavailable);
            }
            Err(error) => return Err(PromptError::Io(error)),
        };
        let mut echo = String::new();
        let mut steps = buffer.iter().take(read).map(|byte| line.take(*byte, &mut echo));
        let step = steps.find(|step| *step != Step::More);
        hidden.print(&echo);
        match step {
            Some(Step::Entered) => return line.into_pasted(),
            Some(Step::Closed) => return Err(PromptError::Closed),
            Some(Step::More) | None => {}
        }
    }
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Hidden<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Hidden<'a> {
    fn begin(terminal: &'a File) -> Result<Self, PromptError> {
        let failed = |error: Errno| PromptError::Io(error.into());
        let before = tcgetattr(terminal).map_err(failed)?;
        let mut modes = before.clone();
        // Byte by byte, not shown, and Ctrl-C is one of the bytes: a signal would end the process in these modes.
        modes.local_modes -= LocalModes::ECHO
            | LocalModes::ECHONL
            | LocalModes::ICANON
            | LocalModes::IEXTEN
            | LocalModes::ISIG;
        // Ctrl-S would hold back the mask.
        modes.input_modes -= InputModes::ISTRIP | InputModes::IXON;
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(terminal, OptionalActions::Now, &modes).map_err(failed)?;
        let hidden = Self { terminal, before };
        hidden.command(BEGIN_MARKING_PASTES);
        Ok(hidden)
    }

    /// Prints what changes the terminal, if it understands that.
    fn command(&self, sequence: &str) {
        if !is_dumb() {
            self.print(sequence);
        }
    }

    /// Prints as far as the terminal takes it: what is lost is a mask.
    fn print(&self, text: &str) {
        let mut terminal = self.terminal;
        let _ = terminal.write_all(text.as_bytes());
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // Who has the terminal now has set its modes, and would be disturbed; asking for it would stop this process.
        if is_foreground(self.terminal) {
            self.command(END_MARKING_PASTES);
            let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
            // What was typed and not read would be shown, and run, by the shell.
            let _ = tcflush(self.terminal, QueueSelector::IFlush);
            self.print("\n");
        }
    }
}

fn open_with(flags: OFlags) -> Option<File> {
    let flags = i32::try_from(flags.bits()).ok()?;
    let terminal = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path()).ok()?;
    is_foreground(&terminal).then_some(terminal)
}

/// Apple's kqueue cannot wait for `/dev/tty`, but for the device behind it.
fn path() -> PathBuf {
    fn name(file: impl AsFd + io::IsTerminal) -> Option<PathBuf> {
        let name = file.is_terminal().then(|| ttyname(file, Vec::new()).ok()).flatten()?;
        Some(std::ffi::OsString::from_vec(name.into_bytes()).into())
    }
    let named = cfg!(target_vendor = "apple")
        .then(|| name(io::stdin()).or_else(|| name(io::stderr())).or_else(|| name(io::stdout())));
    named.flatten().unwrap_or_else(|| "/dev/tty".into())
}

/// Whether this process may change the terminal and read from it without being stopped.
fn is_foreground(terminal: impl AsFd) -> bool {
    tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp())
}

/// Of a terminal that does not know its size.
const DEFAULT_COLUMNS: usize = 80;

/// xterm's bracketed paste: what is pasted comes between marks, and what it holds is not taken for keys.
const BEGIN_MARKING_PASTES: &str = "\u{1b}[?2004h";
const END_MARKING_PASTES: &str = "\u{1b}[?2004l";
