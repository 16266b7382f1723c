//! What a part leaves behind: tasks and open files.

use std::{
    fs, io,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, time::sleep};

/// How much there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Left {
    tasks: usize,
    files: usize,
}

/// Longer than a kept connection stays.
const PATIENCE: Duration = Duration::from_secs(8);

impl Left {
    pub(crate) fn now() -> io::Result<Self> {
        Ok(Self {
            tasks: Handle::current().metrics().num_alive_tasks(),
            files: fs::read_dir("/proc/self/fd")?.count(),
        })
    }

    /// Waits until there is no more than before; if that does not come, says what there is.
    pub(crate) async fn settle(self) -> io::Result<Option<String>> {
        let begun = Instant::now();
        loop {
            let now = Self::now()?;
            if now.tasks <= self.tasks && now.files <= self.files {
                return Ok(None);
            }
            if begun.elapsed() > PATIENCE {
                return Ok(Some(format!("{now:?} are left; before there were {self:?}")));
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}
