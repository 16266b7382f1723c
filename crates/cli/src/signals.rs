//! The signals that end the program.

use std::io;

/// A listener for Ctrl-C, for SIGTERM from service managers and, on request, for SIGHUP from closing terminals. While
/// it exists, these signals do not end the process.
#[cfg(unix)]
pub(crate) struct Signals {
    interrupted: tokio::signal::unix::Signal,
    terminated: tokio::signal::unix::Signal,
    hung_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Listens for Ctrl-C and SIGTERM.
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let interrupted = signal(SignalKind::interrupt())?;
        Ok(Self { interrupted, terminated: signal(SignalKind::terminate())?, hung_up: None })
    }

    /// Also listens for SIGHUP, even if `nohup` made the process ignore it.
    pub(crate) fn and_hangup(self) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { hung_up: Some(signal(SignalKind::hangup())?), ..self })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        let hung_up = async {
            match &mut self.hung_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
            _ = hung_up => {}
        }
    }
}

/// A listener for Ctrl-C. While it exists, Ctrl-C does not end the process.
#[cfg(windows)]
pub(crate) struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    /// Listens for Ctrl-C.
    pub(crate) fn listen() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    /// Does nothing, because Windows has no SIGHUP.
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(crate) fn and_hangup(self) -> io::Result<Self> {
        Ok(self)
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        self.0.recv().await;
    }
}
