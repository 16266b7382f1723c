//! A client's settings, shared by its calls and sign-ins.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::HeaderMap;
use openrouter_oauth_models::InvalidValue;
use openrouter_oauth_transport::{Timer, Transport, system_time};

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
    /// Whether the transport ends each attempt in time by itself, so that the timer need not.
    pub(crate) transport_enforces_timeout: bool,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) base_url: BaseUrl,
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
    /// Returns the wall-clock time.
    pub(crate) fn system_time(&self) -> SystemTime {
        self.timer.as_ref().map_or_else(system_time, Timer::system_time)
    }
}

/// The error for a deadline without a timer.
pub(crate) const NO_TIMER: InvalidValue =
    InvalidValue::new("timer", "is missing: set one, or call `without_deadline`");
