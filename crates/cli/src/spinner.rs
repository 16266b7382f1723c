//! A line that moves while the program waits.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use tokio::{task::AbortHandle, time};

/// A line on the terminal behind standard error that moves until this is dropped, and is then gone.
#[derive(Debug)]
pub(crate) struct Spinner(AbortHandle);

const FRAMES: [&str; 4] = ["-", "\\", "|", "/"];
const PACE: Duration = Duration::from_millis(120);

impl Spinner {
    pub(crate) fn start(words: String) -> Self {
        let spin = async move {
            for frame in FRAMES.iter().cycle() {
                draw(&format!("{frame} {words} ..."));
                time::sleep(PACE).await;
            }
        };
        Self(tokio::spawn(spin).abort_handle())
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.abort();
        draw("");
    }
}

/// Writes over the line. Nothing depends on it.
fn draw(line: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[K{line}").and_then(|()| stderr.flush());
}
