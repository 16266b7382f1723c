//! An animated line that shows that the program is waiting.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use tokio::{task::AbortHandle, time};

/// An animated line on the terminal behind standard error. Dropping the spinner removes the line.
#[derive(Debug)]
pub(crate) struct Spinner(AbortHandle);

const FRAMES: [&str; 4] = ["-", "\\", "|", "/"];
const FRAME_TIME: Duration = Duration::from_millis(120);

impl Spinner {
    pub(crate) fn start(text: String) -> Self {
        let spin = async move {
            for frame in FRAMES.iter().cycle() {
                draw(&format!("{frame} {text} ..."));
                time::sleep(FRAME_TIME).await;
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

/// Overwrites the line. A failure is ignored, because nothing depends on the spinner.
fn draw(line: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[K{line}").and_then(|()| stderr.flush());
}
