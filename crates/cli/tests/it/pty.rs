//! A pseudo-terminal in which to run a program, and its screen.
//!
//! This file uses no other file of these tests, so that other packages can include it by its path or have a copy. They
//! then need rustix with `event`, `fs`, `pty` and `termios`.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    os::{fd::AsFd, unix::fs::OpenOptionsExt as _},
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::OFlags,
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcgetattr, tcsetwinsize},
};

/// A terminal and its user.
#[derive(Debug)]
pub(crate) struct Terminal {
    /// The user's side. Closing it hangs up the program's side.
    user: Arc<File>,
    /// The program's side.
    program: File,
    /// The initial settings.
    settings: String,
    screen: Arc<Screen>,
}

#[derive(Debug, Default)]
struct Screen {
    bytes: Mutex<Vec<u8>>,
    changed: Condvar,
}

/// Long enough for a busy machine, and short enough to end a test.
const SCREEN_TIMEOUT: Duration = Duration::from_secs(60);

impl Terminal {
    /// Creates a terminal of this size.
    pub(crate) fn new(columns: u16, rows: u16) -> Self {
        let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&user).unwrap();
        unlockpt(&user).unwrap();
        let name = ptsname(&user, Vec::new()).unwrap();
        let flags = i32::try_from(OFlags::NOCTTY.bits()).unwrap();
        let program =
            OpenOptions::new().read(true).write(true).custom_flags(flags).open(name.to_str().unwrap());
        let terminal = Self {
            settings: settings(&user),
            user: Arc::new(user.into()),
            program: program.unwrap(),
            screen: Arc::new(Screen::default()),
        };
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal.user, size).unwrap();
        terminal.watch();
        terminal
    }

    /// Wraps `command` so that it runs with this controlling terminal. Its standard streams are the terminal too,
    /// unless the caller changes them.
    pub(crate) fn around(&self, command: &Command) -> Command {
        // `setsid` creates the session, because `pre_exec` is unsafe.
        let mut around = Command::new("setsid");
        around.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => around.env(name, value),
                None => around.env_remove(name),
            };
        }
        let stream = || Stdio::from(self.program.try_clone().unwrap());
        around.stdin(stream()).stdout(stream()).stderr(stream());
        around
    }

    /// Types or pastes text.
    pub(crate) fn enter(&self, text: &str) {
        (&*self.user).write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the screen shows `text`, and returns everything that it has shown.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_for_times(text, 1)
    }

    /// Waits until the screen has shown `text` this many times, and returns everything that it has shown.
    #[track_caller]
    pub(crate) fn wait_for_times(&self, text: &str, times: usize) -> String {
        let deadline = Instant::now() + SCREEN_TIMEOUT;
        let mut bytes = self.screen.bytes.lock().unwrap();
        loop {
            let screen = String::from_utf8_lossy(&bytes).into_owned();
            if screen.matches(text).count() >= times {
                return screen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{text:?} was not shown {times} times: {screen:?}");
            bytes = self.screen.changed.wait_timeout(bytes, left).unwrap().0;
        }
    }

    /// Returns everything that the screen has shown.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.screen.bytes.lock().unwrap()).into_owned()
    }

    /// Returns whether the terminal still has its initial modes and special characters.
    pub(crate) fn is_unchanged(&self) -> bool {
        settings(&self.user) == self.settings
    }

    /// Collects the output until the user's side is closed.
    fn watch(&self) {
        let user = Arc::downgrade(&self.user);
        let screen = Arc::clone(&self.screen);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Some(user) = user.upgrade() {
                let soon = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
                if poll(&mut [PollFd::new(&user, PollFlags::IN)], Some(&soon)).unwrap() == 0 {
                    continue;
                }
                let Ok(read) = (&*user).read(&mut buffer) else { break };
                screen.bytes.lock().unwrap().extend_from_slice(&buffer[..read]);
                screen.changed.notify_all();
            }
        });
    }
}

/// Returns all modes and special characters of a terminal.
fn settings(terminal: impl AsFd) -> String {
    format!("{:?}", tcgetattr(terminal).unwrap())
}
