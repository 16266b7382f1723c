//! Ctrl-C during a login.

use tokio::{runtime::Handle, signal, task::JoinSet};

use crate::{Cancel, Error, login::options::Options};

/// Checks that there is a runtime. If requested, cancels on each Ctrl-C, until the returned set is dropped.
pub(super) fn watch(options: &Options) -> Result<Option<JoinSet<()>>, Error> {
    Handle::try_current().map_err(|error| Error::NoRuntime(error.into()))?;
    Ok(options.cancels_on_ctrl_c.then(|| watch_ctrl_c(options.cancel.clone())))
}

/// Cancels on each Ctrl-C, until the returned set is dropped.
fn watch_ctrl_c(cancel: Cancel) -> JoinSet<()> {
    let mut watching = JoinSet::new();
    watching.spawn(async move {
        // If tokio cannot watch for Ctrl-C, Ctrl-C still ends the process.
        while signal::ctrl_c().await.is_ok() {
            cancel.cancel();
        }
    });
    watching
}
