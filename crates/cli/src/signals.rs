//! What asks the program to end.

use std::io;

/// Ctrl-C, and what service managers and closing terminals send. While this lives they do not end the process.
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

    /// And for SIGHUP, also where `nohup` had it ignored.
    pub(crate) fn and_hangup(self) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { hung_up: Some(signal(SignalKind::hangup())?), ..self })
    }

    /// Waits for the next.
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

/// Ctrl-C. While this lives it does not end the process.
#[cfg(windows)]
pub(crate) struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    /// Listens for Ctrl-C.
    pub(crate) fn listen() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    /// There is no such signal here.
    pub(crate) fn and_hangup(self) -> io::Result<Self> {
        Ok(self)
    }

    /// Waits for the next.
    pub(crate) async fn next(&mut self) {
        self.0.recv().await;
    }
}
