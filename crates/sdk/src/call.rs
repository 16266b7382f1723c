//! A call: a request with its options, and how to send it.

pub(crate) mod attempts;
pub(crate) mod budget;
pub(crate) mod mode;
pub(crate) mod options;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod retry;
pub(crate) mod retry_after;

use std::{
    fmt,
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use openrouter_oauth_models::{ApiError, Auth, Endpoint, InvalidValue};

use self::{
    attempts::Attempts,
    mode::{Async, Mode},
    options::{CLIENT_SETTINGS, Deadline, Options, RESERVED},
    request::CallRequest,
    response::ApiResponse,
    retry::Retry,
};
use crate::{base_url::BaseUrl, config::Config, error::Error};

/// A call to an endpoint. Await it to send it.
///
/// Its methods change settings for this call only.
///
/// ```
/// # use openrouter_oauth::transport::{Limits, from_fn, testing::ManualTimer};
/// use std::time::Duration;
///
/// # #[cfg(feature = "getrandom")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), openrouter_oauth::Error> {
/// # let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
/// #     Ok(http::Response::new(r#"{"keys":[]}"#.into()))
/// # });
/// # let client = openrouter_oauth::Client::builder().transport(openrouter).timer(ManualTimer::new()).build()?;
/// let keys = client.signing_keys().await?;
///
/// let response = client
///     .signing_keys()
///     .timeout(Duration::from_secs(5))
///     .header("x-trace", "42")
///     .send_with_response()
///     .await?;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.attempts(), 1);
/// assert_eq!(response.into_inner(), keys);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "getrandom"))]
/// # fn main() {}
/// ```
///
/// A call of [`blocking::Client`](crate::blocking) has the same options, and is sent with `send`. The second parameter
/// distinguishes the two.
#[must_use = "a call does nothing until it is sent"]
pub struct Call<E, M: Mode = Async> {
    config: Arc<Config>,
    request: E,
    /// Boxed, because most calls have none and every future of a call contains it.
    options: Option<Box<Options>>,
    mode: PhantomData<fn(M)>,
}

/// The future of an awaited [`Call`].
pub type CallFuture<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

impl<E: Endpoint, M: Mode> Call<E, M> {
    pub(crate) fn new(config: Arc<Config>, request: E) -> Self {
        Self { config, request, options: None, mode: PhantomData }
    }

    /// Returns the same call in another mode.
    #[cfg(feature = "blocking")]
    pub(crate) fn into_mode<Other: Mode>(self) -> Call<E, Other> {
        let Self { config, request, options, mode: _ } = self;
        Call { config, request, options, mode: PhantomData }
    }

    fn options(&mut self) -> &mut Options {
        self.options.get_or_insert_default()
    }

    /// Ends the call after this time, including retries and the waits between them. Replaces the client's timeout.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options().deadline = Deadline::After(timeout);
        self
    }

    /// Removes the deadline: the call takes as long as the transport allows.
    pub fn without_deadline(mut self) -> Self {
        self.options().deadline = Deadline::None;
        self
    }

    /// Ends each attempt after this time. Replaces the client's attempt timeout.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.options().attempt_timeout = Some(timeout);
        self
    }

    /// Sets when and how often the call is retried. Replaces the client's setting.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.options().retry = Some(retry);
        self
    }

    /// Sends the call to another service.
    ///
    /// The client's key belongs to the client's service. A call to another scheme, host, or port does not carry the
    /// key, and fails with [`Error::MissingKey`] if it needs one.
    pub fn base_url(mut self, url: &str) -> Self {
        match BaseUrl::parse(url, self.config.http_host.as_ref()) {
            Ok(url) => self.options().base_url = Some(url),
            Err(error) => self.options().reject(error),
        }
        self
    }

    /// Adds a header. It replaces any header of the client with the same name.
    ///
    /// The SDK itself sets headers such as `Authorization`, `Content-Type`, and `Host`. If you add one of these, the
    /// call fails with [`Error::Invalid`].
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        let options = self.options();
        match (name.try_into(), value.try_into()) {
            (Ok(name), Ok(value)) if !RESERVED.contains(&name) => {
                options.headers.insert(name, value);
            }
            (Ok(_), Ok(_)) => options.reject(InvalidValue::new("header", "is reserved for the SDK")),
            (Err(_), _) => options.reject(InvalidValue::new("header", "has an invalid name")),
            (_, Err(_)) => options.reject(InvalidValue::new("header", "has an invalid value")),
        }
        self
    }

    /// Keeps the body of a successful response, for [`ApiResponse::expose_body`].
    pub fn keep_body(mut self) -> Self {
        self.options().keep_body = true;
        self
    }

    /// Sends the call.
    pub(crate) async fn run(self) -> Result<ApiResponse<E::Response>, Error> {
        send(&self.config, &self.request, self.options.as_deref()).await
    }
}

impl<E: Endpoint> Call<E> {
    /// Sends the call. Returns the value with the status, the headers, and the number of attempts. To get only the
    /// value, await the call itself.
    ///
    /// # Errors
    ///
    /// See [`Error`]. These errors occur before anything is sent: [`Error::Invalid`] for an invalid option,
    /// [`Error::MissingKey`], and [`Error::KeySource`].
    pub async fn send_with_response(self) -> Result<ApiResponse<E::Response>, Error> {
        self.run().await
    }
}

impl<E> IntoFuture for Call<E>
where
    E: Endpoint + Send + Sync + 'static,
    E::Response: Send,
{
    type Output = Result<E::Response, Error>;
    type IntoFuture = CallFuture<E::Response>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.run().await.map(ApiResponse::into_inner) })
    }
}

impl<E: Endpoint, M: Mode> fmt::Debug for Call<E, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("operation", &E::OPERATION).finish_non_exhaustive()
    }
}

/// Sends `request`, with retries where they are safe, and reads the response. Without `options`, the client's settings
/// apply.
pub(crate) async fn send<E: Endpoint>(
    config: &Config,
    request: &E,
    options: Option<&Options>,
) -> Result<ApiResponse<E::Response>, Error> {
    let options = options.unwrap_or(&CLIENT_SETTINGS);
    let attempts = Attempts::new::<E>(config, options)?;
    if let Some(invalid) = options.invalid {
        return Err(invalid.into());
    }
    let base = options.base_url.as_ref().unwrap_or(&config.base_url);
    let authorization = match E::AUTH {
        Auth::None => None,
        Auth::Bearer if config.base_url.origin() != base.origin() => return Err(Error::MissingKey),
        Auth::Bearer => Some(attempts.within(config.credential.authorization(base)).await??),
    };
    let call_request = CallRequest::new(config, request, options, base, authorization)?;
    let is_foreign = |response: &Response<Bytes>| {
        let status = response.status();
        !status.is_success() && !ApiError::read(request, None, status, response.body()).is_from_openrouter()
    };
    let (attempts_sent, reply) = attempts.run(&call_request, is_foreign).await;
    response::read(request, &call_request, attempts_sent, reply, options.keep_body)
}
