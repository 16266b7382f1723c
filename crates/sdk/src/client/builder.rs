//! The builder of a client.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, header};
use openrouter_oauth_models::{ApiKey, InvalidValue};
use openrouter_oauth_transport::{BoxError, Limits, PlainHttpHost, Timer, Transport};

use super::{
    backend::{Backend, Complete, HTTP_HOST},
    env::{Environment, invalid_base_url},
};
#[cfg(feature = "getrandom")]
use crate::entropy::OsEntropy;
use crate::{
    attribution::{Attribution, text_header},
    base_url::{BaseUrl, OPENROUTER_BASE_URL},
    call::{budget::Budget, retry::Retry},
    config::{Config, NO_TIMER},
    credential::Credential,
    entropy::Entropy,
    error::Error,
    hook::{Hook, Hooks},
};

/// A builder for a [`Client`](crate::Client), or for a client that [blocks](crate::blocking). [`build`](Self::build)
/// and `build_blocking` report invalid settings.
///
/// ```
/// use std::time::Duration;
/// use openrouter_oauth::{Attribution, Client, Retry};
///
/// # #[cfg(feature = "hyper")]
/// # fn main() -> Result<(), openrouter_oauth::Error> {
/// let client = Client::builder()
///     .attribution(Attribution::new("https://my.app").title("My app"))
///     .timeout(Duration::from_secs(10))
///     .retry(Retry::default().max_attempts(5))
///     .build()?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "hyper"))]
/// # fn main() {}
/// ```
#[must_use = "call `build` or `build_blocking` to get the client"]
pub struct ClientBuilder {
    transport: Option<Arc<dyn Transport>>,
    timer: Option<Arc<dyn Timer>>,
    entropy: Option<Arc<dyn Entropy>>,
    base_url: String,
    /// The base URL in the environment, which `build` checks even if a later setting replaces it.
    environment_url: Option<String>,
    http_host: Option<String>,
    credential: Credential,
    user_agent: String,
    attribution: Attribution,
    hooks: Hooks,
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    retry: Retry,
    response_bytes: usize,
    /// The first invalid environment variable, which `build` reports.
    invalid: Option<InvalidValue>,
}

/// Enough for every response of these endpoints, except a large key set.
const LEAST_RESPONSE_BYTES: usize = 4096;

const USER_AGENT: &str = concat!("openrouter-oauth-rust/", env!("CARGO_PKG_VERSION"));

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        let limits = Limits::default();
        Self {
            transport: None,
            timer: None,
            entropy: None,
            base_url: OPENROUTER_BASE_URL.to_owned(),
            environment_url: None,
            http_host: None,
            credential: Credential::None,
            user_agent: USER_AGENT.to_owned(),
            attribution: Attribution::default(),
            hooks: Hooks::default(),
            timeout: limits.timeout,
            attempt_timeout: None,
            retry: Retry::default(),
            response_bytes: limits.response_bytes,
            invalid: None,
        }
    }

    /// Sends this key with the operations that need one.
    pub fn api_key(mut self, key: ApiKey) -> Self {
        self.credential = Credential::Value(key);
        self
    }

    /// Gets the key from `source` for each call that needs one. The call's deadline includes the time that `source`
    /// takes.
    ///
    /// With a client that [blocks](crate::blocking), `source` runs on the thread of the call, without an async runtime.
    /// If it blocks, nothing ends it: a call whose deadline has passed meanwhile fails before it sends anything.
    pub fn api_key_source<F, Fut>(mut self, source: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ApiKey, BoxError>> + Send + 'static,
    {
        self.credential = Credential::closure(source);
        self
    }

    /// Calls the service at this URL instead of `https://openrouter.ai/api/v1`. The URL must use `https`, or `http` on
    /// a loopback host or on that of [`dangerously_allow_http`](Self::dangerously_allow_http). Without a path, the path
    /// is `/api/v1`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Allows plain `http` to this host, in addition to loopback hosts, for a test network.
    ///
    /// **Everyone on the way can read and change the requests and responses, including codes and keys.** Use it only
    /// with a service whose keys are worthless, such as `openrouter-oauth-emulator` in another container, and only in
    /// tests. No environment variable has this effect. The client never sends the key that [`env`](Self::env) reads
    /// from `OPENROUTER_API_KEY` to this host over plain `http`, because it may be a real one: pass a test key with
    /// [`api_key`](Self::api_key) after `env`.
    ///
    /// `host` is a name or an IP address without a port, with an IPv6 address in brackets. It matches only the same
    /// text, in uppercase or lowercase, on any port. Another call replaces it. It does not set the
    /// [`base_url`](Self::base_url). [`build`](Self::build) fails if `host` is invalid, or if it names OpenRouter:
    /// `openrouter.ai` or a subdomain of it. See [`PlainHttpHost::parse`].
    ///
    /// The default transport connects to this host directly, even if the environment sets a proxy. Your own
    /// [`transport`](Self::transport) must allow it too: `HyperTransport` and `UreqTransport` have a setting
    /// of the same name.
    ///
    /// ```
    /// # #[cfg(feature = "hyper")]
    /// # fn main() -> Result<(), openrouter_oauth::Error> {
    /// use openrouter_oauth::Client;
    ///
    /// let client =
    ///     Client::builder().base_url("http://emulator:8080/api/v1").dangerously_allow_http("emulator").build()?;
    /// assert_eq!(client.origin().as_str(), "http://emulator:8080");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "hyper"))]
    /// # fn main() {}
    /// ```
    pub fn dangerously_allow_http(mut self, host: impl Into<String>) -> Self {
        self.http_host = Some(host.into());
        self
    }

    /// Adds headers that identify your app to OpenRouter.
    pub fn attribution(mut self, attribution: Attribution) -> Self {
        self.attribution = attribution;
        self
    }

    /// Puts your program's name, such as `my-app/1.2`, before the SDK's in the `User-Agent` header.
    pub fn user_agent(mut self, product: &str) -> Self {
        self.user_agent = format!("{product} {USER_AGENT}");
        self
    }

    /// Ends every call after this time, including retries and the waits between them. The default is 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Removes the deadline: a call takes as long as the transport allows. [`build`](Self::build) requires this if you
    /// set a transport without a [`timer`](Self::timer).
    pub fn without_deadline(mut self) -> Self {
        self.timeout = None;
        self
    }

    /// Ends each attempt after this time. An idempotent call is then retried. By default, only the whole call has a
    /// deadline.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Adds a hook. Hooks run in the order in which you add them.
    pub fn hook(mut self, hook: impl Hook + 'static) -> Self {
        self.hooks.add(hook);
        self
    }

    /// Sets when and how often calls are retried.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Sets the largest response body that the client accepts. The default is 64 KiB. Values below 4 KiB count as 4
    /// KiB, so that no response with a new key is too large.
    pub fn response_bytes(mut self, bytes: usize) -> Self {
        self.response_bytes = bytes.max(LEAST_RESPONSE_BYTES);
        self
    }

    /// Sends requests through this transport instead of the default one.
    ///
    /// [`build`](Self::build) then also needs a [`timer`](Self::timer) or
    /// [`without_deadline`](Self::without_deadline), but `build_blocking` does not. On tokio, use [`TokioTimer`] from
    /// the feature `hyper`:
    ///
    /// ```
    /// # #[cfg(feature = "hyper")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use openrouter_oauth::{Client, transport_hyper::{HyperTransport, TokioTimer}};
    ///
    /// let transport = HyperTransport::builder().no_proxy().build()?;
    /// let client = Client::builder().transport(transport).timer(TokioTimer::default()).build()?;
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "hyper"))]
    /// # fn main() {}
    /// ```
    ///
    /// [`TokioTimer`]: openrouter_oauth_transport_hyper::TokioTimer
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Uses this timer for deadlines and for the waits between attempts.
    ///
    /// The default transport comes with a timer, and so does any transport of a client that [blocks](crate::blocking).
    /// With another transport on tokio, use [`TokioTimer`](openrouter_oauth_transport_hyper::TokioTimer). On another
    /// runtime, implement [`Timer`].
    ///
    /// The client ends a request by this timer, even if the transport [enforces the
    /// timeout](Transport::enforces_timeout) itself.
    pub fn timer(mut self, timer: impl Timer + 'static) -> Self {
        self.timer = Some(Arc::new(timer));
        self
    }

    /// Replaces the operating system's random generator. Required without the feature `getrandom`. See [`Entropy`].
    pub fn entropy(mut self, entropy: impl Entropy + 'static) -> Self {
        self.entropy = Some(Arc::new(entropy));
        self
    }

    /// Applies environment variables: `OPENROUTER_API_KEY`, `OPENROUTER_BASE_URL`, and, for attribution,
    /// `OPENROUTER_HTTP_REFERER`, `OPENROUTER_APP_TITLE`, and `OPENROUTER_APP_CATEGORIES`. An empty variable counts as
    /// unset.
    ///
    /// They replace earlier settings. An invalid variable is an error, even if a later setting replaces it.
    pub fn env(mut self) -> Self {
        match Environment::read() {
            Ok(environment) => {
                self.credential = environment.key.map_or(self.credential, Credential::Environment);
                if let Some(url) = environment.base_url {
                    self.environment_url = Some(url.clone());
                    self.base_url = url;
                }
                self.attribution = environment.attribution.or(self.attribution);
            }
            Err(invalid) => {
                self.invalid.get_or_insert(invalid);
            }
        }
        self
    }

    /// Validates the settings. `complete` adds the transport and the timer that are missing.
    pub(super) fn into_config(self, complete: Complete) -> Result<Config, Error> {
        if let Some(invalid) = self.invalid {
            return Err(invalid.into());
        }
        let http_host = self.http_host.as_deref().map(parse_http_host).transpose()?;
        if let Some(url) = &self.environment_url {
            BaseUrl::parse(url, http_host.as_ref()).map_err(|error| invalid_base_url(&error))?;
        }
        let base_url = BaseUrl::parse(&self.base_url, http_host.as_ref())?;
        let backend = complete(self.transport.clone(), self.timer.clone(), http_host.as_ref())?;
        if backend.timer.is_none() && (self.timeout.is_some() || self.attempt_timeout.is_some()) {
            return Err(NO_TIMER.into());
        }
        let entropy = entropy_or_default(self.entropy.clone())?;
        let mut headers = headers(text_header("user agent", &self.user_agent)?);
        self.attribution.write(&mut headers)?;
        Ok(self.assemble(backend, entropy, base_url, http_host, headers))
    }

    fn assemble(
        self,
        backend: Backend,
        entropy: Arc<dyn Entropy>,
        base_url: BaseUrl,
        http_host: Option<PlainHttpHost>,
        headers: HeaderMap,
    ) -> Config {
        Config {
            transport: backend.transport,
            timer: backend.timer,
            has_own_timer: backend.has_own_timer,
            is_blocking: backend.is_blocking,
            entropy,
            base_url,
            http_host,
            credential: self.credential,
            headers,
            hooks: self.hooks,
            timeout: self.timeout,
            attempt_timeout: self.attempt_timeout,
            retry: self.retry,
            budget: Arc::new(Budget::new()),
            response_bytes: self.response_bytes,
        }
    }
}

/// Omits the settings: they are not validated yet, and a URL may contain a password.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

/// The default settings with this backend, none of which can be invalid.
#[cfg(any(feature = "blocking", feature = "hyper"))]
pub(super) fn default_config(backend: Backend) -> Config {
    let headers = headers(HeaderValue::from_static(USER_AGENT));
    ClientBuilder::new().assemble(backend, Arc::new(OsEntropy), BaseUrl::openrouter(), None, headers)
}

fn parse_http_host(text: &str) -> Result<PlainHttpHost, InvalidValue> {
    PlainHttpHost::parse(text).map_err(|error| InvalidValue::new(HTTP_HOST, error.problem()))
}

#[cfg_attr(
    feature = "getrandom",
    expect(clippy::unnecessary_wraps, reason = "it can fail without the feature")
)]
fn entropy_or_default(entropy: Option<Arc<dyn Entropy>>) -> Result<Arc<dyn Entropy>, InvalidValue> {
    match entropy {
        Some(entropy) => Ok(entropy),
        #[cfg(feature = "getrandom")]
        None => Ok(Arc::new(OsEntropy)),
        #[cfg(not(feature = "getrandom"))]
        None => Err(InvalidValue::new("entropy", "is missing: set one, or enable the feature `getrandom`")),
    }
}

/// The headers that every request carries.
fn headers(user_agent: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::USER_AGENT, user_agent);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
}
