//! A thread that runs blocking calls one after another.

use std::{
    fmt,
    sync::mpsc::{self, Sender},
    thread,
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot, time::timeout};

use super::system::{KEYCHAIN, Keychain, unavailable};
use crate::StoreError;

/// The handle of the thread. After it is dropped, the thread ends with its last call. Nothing waits for that.
pub(super) struct Worker {
    jobs: Sender<Job>,
}

type Job = Box<dyn FnOnce(&dyn Keychain) + Send>;

impl Worker {
    pub(super) fn start(keychain: impl Keychain) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let work = move || queue.iter().for_each(|job| job(&keychain));
        let thread = thread::Builder::new().name("keychain".to_owned()).spawn(work);
        thread.map(|_| Self { jobs }).map_err(|error| unavailable("its thread could not start; retry", error))
    }

    /// Runs `job` on the thread. Skips it if the caller has stopped waiting before its turn, because a key that was not
    /// stored in time must not replace a later one.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        deadline: Duration,
        job: impl FnOnce(&dyn Keychain) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        Handle::try_current().map_err(|error| unavailable("use it inside a tokio runtime", error))?;
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |keychain| {
            if !sender.is_closed() {
                // The caller may have stopped waiting.
                let _ = sender.send(job(keychain));
            }
        });
        let is_gone = |error| unavailable("its thread has failed; create the store again", error);
        // The error returns the job and its key. Neither is shown.
        self.jobs.send(job).map_err(|_| is_gone("the thread has ended"))?;
        match timeout(deadline, receiver).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(is_gone("the thread has ended")),
            Err(_) => Err(StoreError::Timeout { store: KEYCHAIN, after: deadline }),
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}
