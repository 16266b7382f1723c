//! Prints without hanging on a terminal that is stopped.

use std::{io::Write, sync::mpsc, thread, time::Duration};

/// How long to wait for the terminal, or the reader of standard error, to accept the text.
const PRINT_TIMEOUT: Duration = Duration::from_secs(2);

/// Prints on a thread, because a terminal that Ctrl-S has stopped accepts no output until it is resumed. Ignores
/// errors, because the browser's callback may still arrive.
pub(super) fn print(mut to: impl Write + Send + 'static, text: String) {
    let (send_printed, printed) = mpsc::channel();
    let run = move || {
        let _ = to.write_all(text.as_bytes());
        // The caller may have stopped waiting.
        let _ = send_printed.send(());
    };
    if thread::Builder::new().name("print".into()).spawn(run).is_ok() {
        let _ = printed.recv_timeout(PRINT_TIMEOUT);
    }
}
