//! Counts the tasks and open files of this process, to find leaks.

use std::{
    fs, io,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, time::sleep};

/// How many tasks and files are open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Resources {
    tasks: usize,
    files: usize,
}

/// Longer than an idle connection stays open.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(8);

impl Resources {
    pub(crate) fn now() -> io::Result<Self> {
        Ok(Self {
            tasks: Handle::current().metrics().num_alive_tasks(),
            files: fs::read_dir("/proc/self/fd")?.count(),
        })
    }

    /// Waits until no more tasks and files are open than before. After a timeout, describes the rest.
    pub(crate) async fn settle(self) -> io::Result<Option<String>> {
        let start = Instant::now();
        loop {
            let now = Self::now()?;
            if now.tasks <= self.tasks && now.files <= self.files {
                return Ok(None);
            }
            if start.elapsed() > SETTLE_TIMEOUT {
                return Ok(Some(format!("{now:?} are left; there were {self:?} before")));
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}
