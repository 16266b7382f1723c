//! A client's settings, shared by its calls and sign-ins.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::HeaderMap;
use openrouter_oauth_models::InvalidValue;
use openrouter_oauth_transport::{PlainHttpHost, Timer, Transport, system_time};

use crate::{
    base_url::BaseUrl,
    call::{budget::Budget, retry::Retry},
    credential::Credential,
    entropy::Entropy,
    hook::Hooks,
};

/// A client's settings.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) timer: Option<Arc<dyn Timer>>,
    /// Whether the program set the timer.
    pub(crate) has_own_timer: bool,
    /// Whether calls block their thread.
    pub(crate) is_blocking: bool,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) base_url: BaseUrl,
    /// The host that calls may use plain `http` to, in addition to loopback hosts.
    pub(crate) http_host: Option<PlainHttpHost>,
    pub(crate) credential: Credential,
    /// The headers of every request.
    pub(crate) headers: HeaderMap,
    pub(crate) hooks: Hooks,
    pub(crate) timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) retry: Retry,
    pub(crate) budget: Arc<Budget>,
    pub(crate) response_bytes: usize,
}

impl Config {
    /// Returns whether the transport ends each attempt in time by itself, so that the timer need not.
    ///
    /// A program's own timer may use another clock than the transport, as in tests. And a transport that needs a
    /// runtime's timer to enforce the timeout cannot do so while the call blocks the runtime's thread.
    pub(crate) fn transport_enforces_timeout(&self) -> bool {
        !self.has_own_timer && !self.is_blocking && self.transport.enforces_timeout()
    }

    /// Returns the wall-clock time.
    pub(crate) fn system_time(&self) -> SystemTime {
        self.timer.as_ref().map_or_else(system_time, Timer::system_time)
    }
}

/// The error for a deadline without a timer.
pub(crate) const NO_TIMER: InvalidValue =
    InvalidValue::new("timer", "is missing: set one, or call `without_deadline`");
