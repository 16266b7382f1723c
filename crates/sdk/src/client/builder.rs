//! The builder of a client.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, header};
use openrouter_oauth_models::{ApiKey, InvalidValue};
use openrouter_oauth_transport::{BoxError, Limits, Timer, Transport};

use super::env::Environment;
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

/// A builder for a [`Client`](crate::Client). [`build`](Self::build) reports invalid settings.
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
#[must_use = "call `build` to get the client"]
pub struct ClientBuilder {
    transport: Option<Arc<dyn Transport>>,
    timer: Option<Arc<dyn Timer>>,
    entropy: Option<Arc<dyn Entropy>>,
    base_url: String,
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
    pub fn api_key_source<F, Fut>(mut self, source: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ApiKey, BoxError>> + Send + 'static,
    {
        self.credential = Credential::closure(source);
        self
    }

    /// Calls the service at this URL instead of `https://openrouter.ai/api/v1`. The URL must use `https`, or `http` on
    /// a loopback host. Without a path, the path is `/api/v1`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
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

    /// Removes the deadline: a call takes as long as the transport allows. Required if you set a transport without a
    /// [`timer`](Self::timer).
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

    /// Sends requests through this transport instead of hyper.
    ///
    /// Also set a [`timer`](Self::timer), or call [`without_deadline`](Self::without_deadline). Without either,
    /// [`build`](Self::build) fails. On tokio, use [`TokioTimer`] from the feature `hyper`:
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
    /// The default transport comes with a timer. With another transport on tokio, use
    /// [`TokioTimer`](openrouter_oauth_transport_hyper::TokioTimer). On another runtime, implement [`Timer`].
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

    /// Applies the environment variables that `Client::from_env` reads. They replace earlier settings. An invalid
    /// variable is an error, even if a later setting replaces it.
    pub fn env(mut self) -> Self {
        match Environment::read() {
            Ok(environment) => {
                self.credential = environment.key.map_or(self.credential, Credential::Value);
                self.base_url = environment.base_url.unwrap_or(self.base_url);
                self.attribution = environment.attribution.or(self.attribution);
            }
            Err(invalid) => {
                self.invalid.get_or_insert(invalid);
            }
        }
        self
    }

    pub(super) fn into_config(self) -> Result<Config, Error> {
        if let Some(invalid) = self.invalid {
            return Err(invalid.into());
        }
        let base_url = BaseUrl::parse(&self.base_url)?;
        let (transport, timer) = transport_and_timer(self.transport.clone(), self.timer.clone())?;
        if timer.is_none() && (self.timeout.is_some() || self.attempt_timeout.is_some()) {
            return Err(NO_TIMER.into());
        }
        let entropy = entropy_or_default(self.entropy.clone())?;
        let mut headers = headers(text_header("user agent", &self.user_agent)?);
        self.attribution.write(&mut headers)?;
        Ok(self.assemble(transport, timer, entropy, base_url, headers))
    }

    fn assemble(
        self,
        transport: Arc<dyn Transport>,
        timer: Option<Arc<dyn Timer>>,
        entropy: Arc<dyn Entropy>,
        base_url: BaseUrl,
        headers: HeaderMap,
    ) -> Config {
        Config {
            // The caller's own timer may use another clock than the transport, as in tests.
            transport_enforces_timeout: self.timer.is_none() && transport.enforces_timeout(),
            transport,
            timer,
            entropy,
            base_url,
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

/// The default settings, none of which can be invalid.
#[cfg(feature = "hyper")]
pub(super) fn default_config() -> Config {
    use openrouter_oauth_transport_hyper::{HyperTransport, TokioTimer};

    let timer = Arc::new(TokioTimer::default());
    let headers = headers(HeaderValue::from_static(USER_AGENT));
    ClientBuilder::new().assemble(
        Arc::new(HyperTransport::new()),
        Some(timer),
        Arc::new(OsEntropy),
        BaseUrl::openrouter(),
        headers,
    )
}

type TransportAndTimer = (Arc<dyn Transport>, Option<Arc<dyn Timer>>);

#[cfg_attr(feature = "hyper", expect(clippy::unnecessary_wraps, reason = "it can fail without the feature"))]
fn transport_and_timer(
    transport: Option<Arc<dyn Transport>>,
    timer: Option<Arc<dyn Timer>>,
) -> Result<TransportAndTimer, InvalidValue> {
    match transport {
        Some(transport) => Ok((transport, timer)),
        #[cfg(feature = "hyper")]
        None => {
            use openrouter_oauth_transport_hyper::{HyperTransport, TokioTimer};

            Ok((Arc::new(HyperTransport::new()), timer.or_else(|| Some(Arc::new(TokioTimer::default())))))
        }
        #[cfg(not(feature = "hyper"))]
        None => Err(InvalidValue::new("transport", "is missing: set one, or enable the feature `hyper`")),
    }
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
