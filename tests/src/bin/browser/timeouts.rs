//! How long to wait on a busy machine.

use std::time::Duration;

/// How long to wait for a page, a program or a request.
pub(crate) const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a scene may take.
pub(crate) const SCENE_TIMEOUT: Duration = Duration::from_secs(180);
