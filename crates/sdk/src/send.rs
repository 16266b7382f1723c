//! The one way through: a request becomes bytes, goes out as often as is safe, and its answer becomes a value or an error.

use std::{
    error::Error as StdError,
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use openrouter_oauth_models::{ApiError, Auth, Encoding, Endpoint, InvalidValue, Resend, ServerText};
use openrouter_oauth_transport::{self as transport, ErrorKind, Limits, Timer, WipedBuffer};
use zeroize::Zeroizing;

use crate::{
    Answer, Client, Error, OutcomeUnknown, Retry, UnknownReason,
    base_url::BaseUrl,
    call::{Deadline, Options},
    client::Shared,
    client_builder::NO_TIMER,
    retry_after::retry_after,
};

/// Sends `request` and reads its answer.
pub(crate) async fn call<E: Endpoint>(
    client: &Client,
    request: &E,
    options: &Options,
) -> Result<Answer<E::Response>, Error> {
    let shared = client.shared();
    if shared.timer.is_none() && matches!(options.deadline, Deadline::After(_)) {
        return Err(NO_TIMER.into());
    }
    let base = options.base_url.as_ref().unwrap_or(&shared.base_url);
    let attempts = Attempts {
        shared,
        timeout: match options.deadline {
            Deadline::OfClient => shared.timeout,
            Deadline::After(timeout) => Some(timeout),
            Deadline::None => None,
        },
        retry: options.retry.unwrap_or(shared.retry),
        resend: E::RESEND,
        started: shared.timer.as_ref().map(Timer::now),
    };
    let outgoing = attempts.within(Outgoing::new(shared, request, options, base)).await??;
    let (made, reply) = attempts.run(&outgoing).await?;
    match reply {
        Ok(response) => read(request, response, made, &outgoing),
        Err(error) => Err(no_answer::<E>(error)),
    }
}

/// What every attempt sends: checked and made before any of them.
struct Outgoing<'a> {
    method: Method,
    base: &'a BaseUrl,
    path: &'static str,
    of_client: &'a HeaderMap,
    of_call: &'a HeaderMap,
    authorization: Option<HeaderValue>,
    content_type: Option<&'static str>,
    body: Bytes,
}

impl<'a> Outgoing<'a> {
    async fn new<E: Endpoint>(
        shared: &'a Shared,
        request: &E,
        options: &'a Options,
        base: &'a BaseUrl,
    ) -> Result<Self, Error> {
        if let Some(invalid) = options.invalid {
            return Err(invalid.into());
        }
        let authorization = match E::AUTH {
            Auth::Bearer if !shared.base_url.has_origin_of(base) => return Err(Error::MissingKey),
            Auth::Bearer => Some(shared.key.authorization().await?),
            _ => None,
        };
        let (content_type, body) = match E::ENCODING {
            Encoding::Json => (Some("application/json"), json(request)?),
            Encoding::Form => (Some("application/x-www-form-urlencoded"), form(request)?),
            Encoding::Empty => (None, Bytes::new()),
            _ => return Err(unwritable()),
        };
        Ok(Self {
            method: E::METHOD,
            base,
            path: E::PATH,
            of_client: &shared.headers,
            of_call: &options.headers,
            authorization,
            content_type,
            body,
        })
    }

    fn request(&self) -> Result<Request<Bytes>, InvalidValue> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.base.endpoint(self.path)?;
        let headers = request.headers_mut();
        headers.clone_from(self.of_client);
        for (name, value) in self.of_call {
            headers.insert(name, value.clone());
        }
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        if let Some(content_type) = self.content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        Ok(request)
    }

    /// The key that goes out.
    fn key(&self) -> Option<&str> {
        self.authorization.as_ref()?.to_str().ok()?.strip_prefix("Bearer ")
    }
}

/// As large as bodies of ours get, so that the buffer does not move: a subject token of 16 KiB may triple when encoded.
const JSON_BYTES: usize = 512;
const FORM_BYTES: usize = 56 * 1024;

fn json<E: Endpoint>(request: &E) -> Result<Bytes, Error> {
    let mut body = WipedBuffer::with_capacity(JSON_BYTES);
    serde_json::to_writer(&mut body, request).map_err(|_| unwritable())?;
    Ok(body.into())
}

fn form<E: Endpoint>(request: &E) -> Result<Bytes, Error> {
    let mut form = Zeroizing::new(String::with_capacity(FORM_BYTES));
    serde_html_form::push_to_string(&mut form, request).map_err(|_| unwritable())?;
    let mut body = WipedBuffer::with_capacity(form.len());
    body.extend_from_slice(form.as_bytes());
    Ok(body.into())
}

fn unwritable() -> Error {
    InvalidValue::new("request", "cannot be written in the endpoint's encoding").into()
}

/// The attempts of one call, under one deadline.
struct Attempts<'a> {
    shared: &'a Shared,
    timeout: Option<Duration>,
    retry: Retry,
    resend: Resend,
    started: Option<Instant>,
}

type Reply = Result<Response<Bytes>, transport::Error>;

impl Attempts<'_> {
    /// Sends until there is an answer to keep, and says how many attempts that took.
    async fn run(&self, outgoing: &Outgoing<'_>) -> Result<(u32, Reply), Error> {
        let mut made = 0;
        // The last reply to a request that may have arrived. A later one that was not sent must not hide it.
        let mut arrived = None;
        loop {
            let request = outgoing.request()?;
            let reply = self.attempt(request).await;
            made += 1;
            let wait = self.wait_before_next(&reply, made);
            let kept = match reply {
                Err(error) if !error.may_have_been_sent() => arrived.take().unwrap_or(Err(error)),
                reply => reply,
            };
            match (wait, &self.shared.timer) {
                (Some(wait), Some(timer)) => timer.sleep(wait).await,
                _ => return Ok((made, kept)),
            }
            arrived = may_have_arrived(&kept).then_some(kept);
        }
    }

    async fn attempt(&self, request: Request<Bytes>) -> Reply {
        let remaining = self.remaining();
        if remaining == Some(Duration::ZERO) {
            return Err(transport::Error::from(ErrorKind::Timeout).not_sent());
        }
        let limits = Limits::default().timeout(remaining).response_bytes(self.shared.response_bytes);
        let sent = self.shared.transport.send(request, limits);
        // The transport holds this limit too; a careless one must not hang the call (C-12).
        let response = self.race(sent, remaining).await.unwrap_or_else(|| Err(ErrorKind::Timeout.into()))?;
        if response.body().len() > self.shared.response_bytes {
            return Err(ErrorKind::TooLarge.into());
        }
        Ok(response)
    }

    /// How long to wait before the request may be sent again; none if it may not.
    fn wait_before_next(&self, reply: &Reply, made: u32) -> Option<Duration> {
        let may_resend = self.resend == Resend::Always;
        let asked = match reply {
            Err(error) if !error.may_have_been_sent() => match error.kind() {
                ErrorKind::Connect | ErrorKind::Io | ErrorKind::Proxy => None,
                // An untrusted certificate, a refused URL, a deadline: the next try would end the same.
                _ => return None,
            },
            Err(error) if may_resend && error.kind() == ErrorKind::Io => None,
            Ok(response) if may_resend && is_passing(response.status()) => retry_after(response.headers()),
            _ => return None,
        };
        if !self.retry.allows(made) {
            return None;
        }
        let wait = asked.unwrap_or_else(|| self.retry.wait_after(made, &*self.shared.entropy));
        // A wait that ends after the deadline could only lose the answer at hand.
        self.remaining().is_none_or(|remaining| wait < remaining).then_some(wait)
    }

    /// What is left of the time for the whole call.
    fn remaining(&self) -> Option<Duration> {
        match (&self.shared.timer, self.started, self.timeout) {
            (Some(timer), Some(started), Some(timeout)) => {
                Some(timeout.saturating_sub(timer.now().saturating_duration_since(started)))
            }
            _ => self.timeout,
        }
    }

    /// Awaits `preparation` under the deadline. Nothing is sent while it runs.
    async fn within<T>(&self, preparation: impl Future<Output = T>) -> Result<T, Error> {
        let timeout = || Error::NotSent(transport::Error::from(ErrorKind::Timeout).not_sent());
        self.race(preparation, self.timeout).await.ok_or_else(timeout)
    }

    /// Awaits `future`; none if `limit` passes first. Without a timer there is no limit but the transport's own.
    async fn race<T>(&self, future: impl Future<Output = T>, limit: Option<Duration>) -> Option<T> {
        let (Some(timer), Some(limit)) = (&self.shared.timer, limit) else {
            return Some(future.await);
        };
        let mut future = pin!(future);
        let mut sleep = None;
        poll_fn(|context| {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                return Poll::Ready(Some(value));
            }
            // Made late: what is ready at once needs no timer.
            let sleep = sleep.get_or_insert_with(|| timer.sleep(limit));
            sleep.as_mut().poll(context).map(|()| None)
        })
        .await
    }
}

fn may_have_arrived(reply: &Reply) -> bool {
    reply.as_ref().map_or_else(transport::Error::may_have_been_sent, |_| true)
}

/// Whether a status may pass: the same read may succeed later.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 421 | 425 | 429 | 500..)
}

/// Makes a value or an error of an answer.
fn read<E: Endpoint>(
    request: &E,
    response: Response<Bytes>,
    attempts: u32,
    outgoing: &Outgoing<'_>,
) -> Result<Answer<E::Response>, Error> {
    let (head, body) = response.into_parts();
    let said = || ApiError::read(request, outgoing.key(), head.status, &body);
    if head.status.is_success() {
        return match E::decode(&body) {
            Ok(value) => Ok(Answer { value, status: head.status, headers: head.headers, attempts }),
            Err(error) => Err(unreadable::<E>(&head, said(), &error)),
        };
    }
    if head.status.is_redirection() {
        let location = head.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let same_origin = location.is_some_and(|location| outgoing.base.is_origin_of(location));
        return Err(Error::UnexpectedRedirect { status: head.status, same_origin });
    }
    Err(refusal::<E>(&head, Box::new(said())))
}

/// A success without what it should hold. Of a read it is a refusal if it says so; what makes something may have made it.
fn unreadable<E: Endpoint>(head: &http::response::Parts, said: ApiError, error: &serde_json::Error) -> Error {
    let api = said.envelope().is_some().then(|| Box::new(said));
    match api {
        Some(api) if E::RESEND == Resend::Always => Error::Api(api),
        api => {
            let mut unknown = unknown::<E>(UnknownReason::Unreadable, Some(head));
            unknown.api = api;
            unknown.source = Some(Box::new(Unreadable { line: error.line(), column: error.column() }));
            Error::OutcomeUnknown(Box::new(unknown))
        }
    }
}

fn refusal<E: Endpoint>(head: &http::response::Parts, api: Box<ApiError>) -> Error {
    match head.status.as_u16() {
        429 => Error::RateLimited { retry_after: retry_after(&head.headers), api },
        503 => Error::ServiceUnavailable { retry_after: retry_after(&head.headers), api },
        500.. if E::RESEND == Resend::IfUnsent => {
            let mut unknown = unknown::<E>(UnknownReason::Status, Some(head));
            unknown.api = Some(api);
            Error::OutcomeUnknown(Box::new(unknown))
        }
        _ => Error::Api(api),
    }
}

/// Makes an error of there being no answer.
fn no_answer<E: Endpoint>(error: transport::Error) -> Error {
    if !error.may_have_been_sent() {
        return match error.kind() {
            ErrorKind::Tls => Error::Tls(error),
            ErrorKind::ProxyAuth => Error::ProxyAuthRequired(error),
            _ => Error::NotSent(error),
        };
    }
    let reason = match error.kind() {
        ErrorKind::Timeout => UnknownReason::Timeout,
        ErrorKind::TooLarge => UnknownReason::TooLarge,
        ErrorKind::Io => UnknownReason::Cut,
        ErrorKind::Protocol => UnknownReason::Unreadable,
        _ => UnknownReason::Other,
    };
    let mut unknown = unknown::<E>(reason, None);
    unknown.source = Some(Box::new(error));
    Error::OutcomeUnknown(Box::new(unknown))
}

fn unknown<E: Endpoint>(reason: UnknownReason, head: Option<&http::response::Parts>) -> OutcomeUnknown {
    let id = |name| head?.headers.get(name)?.to_str().ok().map(ServerText::new);
    OutcomeUnknown {
        operation: E::OPERATION,
        reason,
        status: head.map(|head| head.status),
        request_id: id("cf-ray").or_else(|| id("x-request-id")),
        retryable: E::RESEND == Resend::Always,
        api: None,
        source: None,
    }
}

/// Where a body could not be read. It does not keep serde's own error, whose text shows a part of the body.
#[derive(Debug)]
struct Unreadable {
    line: usize,
    column: usize,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { line: 0, .. } => f.write_str("not the expected JSON object"),
            Self { line, column } => write!(f, "not the expected JSON, at line {line} column {column}"),
        }
    }
}

impl StdError for Unreadable {}
