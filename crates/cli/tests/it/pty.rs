//! A pseudo-terminal to run a program in, and what stands on its screen.
//!
//! It uses nothing else of these tests, so that other packages can include it by its path or have a copy. They then need
//! rustix, with `event`, `fs`, `pty` and `termios`.

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

/// A terminal with a user at it.
#[derive(Debug)]
pub(crate) struct Terminal {
    /// The user's side. When it is closed, the program's is hung up.
    user: Arc<File>,
    /// The program's side.
    program: File,
    /// The settings that it was made with.
    settings: String,
    screen: Arc<Screen>,
}

#[derive(Debug, Default)]
struct Screen {
    bytes: Mutex<Vec<u8>>,
    changed: Condvar,
}

/// Long enough for a machine that is busy, and short enough to end a test.
const SCREEN_TIMEOUT: Duration = Duration::from_secs(60);

impl Terminal {
    /// A terminal of this size.
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

    /// Makes `command` one that runs with this as its controlling terminal, and as its standard input. Its other streams
    /// are the terminal, too, unless they are set afterwards.
    pub(crate) fn around(&self, command: &Command) -> Command {
        // A program of its own makes the session, since `pre_exec` is unsafe.
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

    /// Types, or pastes.
    pub(crate) fn enter(&self, text: &str) {
        (&*self.user).write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the screen shows `text`, and returns all that it showed up to now.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_for_times(text, 1)
    }

    /// Waits until the screen has shown `text` so often, and returns all that it showed up to now.
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
            assert!(!left.is_zero(), "{text:?} is not shown {times} times: {screen:?}");
            bytes = self.screen.changed.wait_timeout(bytes, left).unwrap().0;
        }
    }

    /// All that was shown up to now.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.screen.bytes.lock().unwrap()).into_owned()
    }

    /// Whether its modes and special characters are those that it was made with.
    pub(crate) fn is_unchanged(&self) -> bool {
        settings(&self.user) == self.settings
    }

    /// Collects what is shown, for as long as there is somebody to see it.
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

/// All modes and special characters of a terminal.
fn settings(terminal: impl AsFd) -> String {
    format!("{:?}", tcgetattr(terminal).unwrap())
}
