//! Prints without waiting for a terminal that takes nothing.

use std::{io::Write, sync::mpsc, thread, time::Duration};

/// How long to wait for the terminal, or the reader of standard error, to take the text.
const PRINT_TIMEOUT: Duration = Duration::from_secs(2);

/// Prints on a thread: a terminal that Ctrl-S has stopped takes nothing for as long as that lasts, and then all of it. If
/// nothing can be printed, the browser may come back all the same.
pub(super) fn print(mut to: impl Write + Send + 'static, text: String) {
    let (send_printed, printed) = mpsc::channel();
    let run = move || {
        let _ = to.write_all(text.as_bytes());
        // Nobody may be waiting any more.
        let _ = send_printed.send(());
    };
    if thread::Builder::new().name("print".into()).spawn(run).is_ok() {
        let _ = printed.recv_timeout(PRINT_TIMEOUT);
    }
}
