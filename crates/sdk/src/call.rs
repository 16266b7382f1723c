//! One call: its request, its options, its answer.

pub(crate) mod attempts;
pub(crate) mod budget;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod retry;
pub(crate) mod retry_after;

use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use openrouter_oauth_models::{Endpoint, InvalidValue};

use crate::{Client, Error, Retry, base_url::BaseUrl, send};

/// A call that is sent when it is awaited.
///
/// Its methods set what is different for this call alone.
///
/// ```
/// # use openrouter_oauth::transport::{Limits, from_fn, testing::ManualTimer};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), openrouter_oauth::Error> {
/// # let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
/// #     Ok(http::Response::new(r#"{"keys":[]}"#.into()))
/// # });
/// # let client = openrouter_oauth::Client::builder().transport(openrouter).timer(ManualTimer::new()).build()?;
/// let keys = client.signing_keys().await?;
///
/// let answer = client.signing_keys().timeout(Duration::from_secs(5)).header("x-trace", "42").send().await?;
/// assert_eq!(answer.status(), 200);
/// assert_eq!(answer.attempts(), 1);
/// assert_eq!(answer.into_inner(), keys);
/// # Ok(())
/// # }
/// ```
#[must_use = "a call is sent when it is awaited"]
pub struct Call<E> {
    client: Client,
    request: E,
    options: Options,
}

/// The future of an awaited [`Call`].
pub type CallFuture<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// What a call changes.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) deadline: Deadline,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) retry: Option<Retry>,
    pub(crate) base_url: Option<BaseUrl>,
    pub(crate) headers: HeaderMap,
    /// The first thing that was wrong; said when the call is sent.
    pub(crate) invalid: Option<InvalidValue>,
}

/// When a call ends at the latest.
#[derive(Clone, Copy, Default)]
pub(crate) enum Deadline {
    /// After the client's time.
    #[default]
    OfClient,
    After(Duration),
    None,
}

/// A success, with what came beside it.
pub struct ApiResponse<T> {
    pub(crate) value: T,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) attempts: u32,
}

impl<E: Endpoint> Call<E> {
    pub(crate) fn new(client: Client, request: E) -> Self {
        Self { client, request, options: Options::default() }
    }

    /// Ends the call after this time in all, waits and repeated tries included, in place of the client's limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.deadline = Deadline::After(timeout);
        self
    }

    /// Lets the call take as long as the transport lets it.
    pub fn without_deadline(mut self) -> Self {
        self.options.deadline = Deadline::None;
        self
    }

    /// Ends each attempt after this time, in place of the client's limit.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.options.attempt_timeout = Some(timeout);
        self
    }

    /// Tries again by these rules, in place of the client's.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.options.retry = Some(retry);
        self
    }

    /// Sends the call to another service. A client's key belongs to the client's service: a call to another scheme, host
    /// or port does not carry it, and fails with [`Error::MissingKey`] if it needs one.
    pub fn base_url(mut self, url: &str) -> Self {
        match BaseUrl::parse(url) {
            Ok(url) => self.options.base_url = Some(url),
            Err(error) => self.options.refuse(error),
        }
        self
    }

    /// Adds a header, in place of the client's of that name. Headers that belong to the SDK or to the connection
    /// (`Authorization`, `Content-Type`, `Host`, …) are refused when the call is sent.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        match (name.try_into(), value.try_into()) {
            (Ok(name), Ok(value)) if !RESERVED.contains(&name) => {
                self.options.headers.insert(name, value);
            }
            (Ok(_), Ok(_)) => self.options.refuse(InvalidValue::new("header", "is set by the SDK alone")),
            (Err(_), _) => self.options.refuse(InvalidValue::new("header", "has a name that is not valid")),
            (_, Err(_)) => self.options.refuse(InvalidValue::new("header", "has a value that is not valid")),
        }
        self
    }

    /// Sends the call and returns what came beside the value too.
    ///
    /// # Errors
    ///
    /// See [`Error`]. Before anything is sent: [`Error::Invalid`] for an option that is not valid,
    /// [`Error::MissingKey`], [`Error::KeySource`].
    pub async fn send(self) -> Result<ApiResponse<E::Response>, Error> {
        send::call(&self.client, &self.request, &self.options).await
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
        let Self { client, request, options } = self;
        Box::pin(async move { send::call(&client, &request, &options).await.map(ApiResponse::into_inner) })
    }
}

impl<E: Endpoint> fmt::Debug for Call<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("operation", &E::OPERATION).finish_non_exhaustive()
    }
}

impl Options {
    fn refuse(&mut self, error: InvalidValue) {
        self.invalid.get_or_insert(error);
    }
}

impl<T> ApiResponse<T> {
    /// The status: any of 2XX.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The response's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How many tries it took; at least 1.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for ApiResponse<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiResponse")
            .field("value", &self.value)
            .field("status", &self.status)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// Headers that neither callers nor hooks may set: credentials, and those that describe the body or the connection (C-14
/// to C-16).
pub(crate) const RESERVED: [HeaderName; 17] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::EXPECT,
    header::HOST,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
