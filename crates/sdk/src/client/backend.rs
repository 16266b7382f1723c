//! The transport and the timer of a client.

use std::sync::Arc;

use openrouter_oauth_models::InvalidValue;
use openrouter_oauth_transport::{PlainHttpHost, Timer, Transport};

/// A transport, and the timer that goes with it.
pub(super) struct Backend {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) timer: Option<Arc<dyn Timer>>,
    /// Whether the program set the timer.
    pub(super) has_own_timer: bool,
    /// Whether calls block their thread.
    pub(super) is_blocking: bool,
}

impl Backend {
    fn new(
        transport: Arc<dyn Transport>,
        own_timer: Option<Arc<dyn Timer>>,
        default_timer: Option<Arc<dyn Timer>>,
    ) -> Self {
        Self {
            transport,
            has_own_timer: own_timer.is_some(),
            timer: own_timer.or(default_timer),
            is_blocking: false,
        }
    }
}

/// Adds the default transport and timer where the program set none. The last argument is the host that the program
/// named for plain `http`.
pub(super) type Complete = fn(
    Option<Arc<dyn Transport>>,
    Option<Arc<dyn Timer>>,
    Option<&PlainHttpHost>,
) -> Result<Backend, InvalidValue>;

/// The name of a setting in errors.
pub(super) const HTTP_HOST: &str = "host of `dangerously_allow_http`";

/// The backend on hyper, which needs tokio. A program's own transport may need another runtime, so it has no timer.
#[cfg(feature = "hyper")]
pub(super) mod hyper {
    use openrouter_oauth_transport_hyper::{HyperTransport, TokioTimer};

    use super::{Arc, Backend, InvalidValue, PlainHttpHost, Timer, Transport, default_transport};

    impl Backend {
        pub(in crate::client) fn hyper() -> Self {
            Self::new(Arc::new(HyperTransport::new()), None, Some(Arc::new(TokioTimer::default())))
        }
    }

    pub(in crate::client) fn complete(
        transport: Option<Arc<dyn Transport>>,
        timer: Option<Arc<dyn Timer>>,
        http_host: Option<&PlainHttpHost>,
    ) -> Result<Backend, InvalidValue> {
        if let Some(transport) = transport {
            return Ok(Backend::new(transport, timer, None));
        }
        let transport = default_transport(http_host, HyperTransport::new, |host| {
            HyperTransport::builder().dangerously_allow_http(host).build()
        })?;
        Ok(Backend::new(transport, timer, Some(Arc::new(TokioTimer::default()))))
    }
}

/// Without a default transport, a program needs its own.
#[cfg(not(feature = "hyper"))]
pub(super) mod hyper {
    use super::{Arc, Backend, InvalidValue, PlainHttpHost, Timer, Transport};

    pub(in crate::client) fn complete(
        transport: Option<Arc<dyn Transport>>,
        timer: Option<Arc<dyn Timer>>,
        _http_host: Option<&PlainHttpHost>,
    ) -> Result<Backend, InvalidValue> {
        #[cfg(not(feature = "blocking"))]
        const MISSING: &str = "is missing: set one, or enable the feature `hyper`";
        #[cfg(feature = "blocking")]
        const MISSING: &str = "is missing: set one, enable the feature `hyper`, or call `build_blocking`";

        let transport = transport.ok_or(InvalidValue::new("transport", MISSING))?;
        Ok(Backend::new(transport, timer, None))
    }
}

/// The backend on ureq. Its timer works with every transport.
#[cfg(feature = "blocking")]
pub(super) mod ureq {
    use openrouter_oauth_transport::ThreadTimer;
    use openrouter_oauth_transport_ureq::UreqTransport;

    use super::{Arc, Backend, InvalidValue, PlainHttpHost, Timer, Transport, default_transport};

    impl Backend {
        pub(in crate::client) fn ureq() -> Self {
            Self::blocking(Arc::new(UreqTransport::new()), None)
        }

        /// A transport that blocks completes before the timer begins a sleep.
        fn blocking(transport: Arc<dyn Transport>, timer: Option<Arc<dyn Timer>>) -> Self {
            Self { is_blocking: true, ..Self::new(transport, timer, Some(Arc::new(ThreadTimer))) }
        }
    }

    pub(in crate::client) fn complete(
        transport: Option<Arc<dyn Transport>>,
        timer: Option<Arc<dyn Timer>>,
        http_host: Option<&PlainHttpHost>,
    ) -> Result<Backend, InvalidValue> {
        let transport = match transport {
            Some(transport) => transport,
            None => default_transport(http_host, UreqTransport::new, |host| {
                UreqTransport::builder().dangerously_allow_http(host).build()
            })?,
        };
        Ok(Backend::blocking(transport, timer))
    }
}

/// Creates the default transport, which allows plain `http` to `http_host`, if there is one.
#[cfg(any(feature = "hyper", feature = "blocking"))]
fn default_transport<T: Transport + 'static, E>(
    http_host: Option<&PlainHttpHost>,
    new: fn() -> T,
    allowing_http: fn(&str) -> Result<T, E>,
) -> Result<Arc<dyn Transport>, InvalidValue> {
    let transport = match http_host {
        None => new(),
        Some(host) => allowing_http(host.as_str()).map_err(|_| InvalidValue::new(HTTP_HOST, "is invalid"))?,
    };
    Ok(Arc::new(transport))
}
