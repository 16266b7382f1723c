//! The result of a call: a value, or an error.

use std::{
    error::Error as StdError,
    fmt,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header, response::Parts};
use openrouter_oauth_models::{ApiError, Endpoint, ExchangeAuthCode, Origin, Resend};
use openrouter_oauth_transport::{self as transport, BoxError, ErrorKind};

use super::{
    reply::{NoResponse, Reply, is_unknown},
    request::CallRequest,
    retry_after::{CODE_LIFETIME, RetryAfter},
};
use crate::error::{
    Error,
    outcome_unknown::{OutcomeUnknown, UnknownReason},
    unexpected_response::UnexpectedResponse,
};

/// A successful response: the value, with the status and the headers.
pub struct ApiResponse<T> {
    value: T,
    status: StatusCode,
    headers: HeaderMap,
    attempts: u32,
    body: Option<Bytes>,
}

impl<T> ApiResponse<T> {
    /// Returns the status, which is always 2XX.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns how many attempts the call took, at least 1.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns the body as the server sent it, if [`Call::keep_body`](crate::Call::keep_body) was set. It may contain a
    /// key: do not print it.
    pub fn expose_body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// Returns the value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Returns the value alone.
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

/// Turns the final reply of a call into its result.
pub(crate) fn read<E: Endpoint>(
    request: &E,
    call_request: &CallRequest<'_>,
    attempts: u32,
    reply: Reply,
    keep_body: bool,
) -> Result<ApiResponse<E::Response>, Error> {
    match reply {
        Ok(response) => read_response(request, response, attempts, call_request, keep_body),
        Err(NoResponse::HookRejected(error)) => Err(Error::HookRejected(error)),
        Err(NoResponse::Transport(error)) => match error.status() {
            // Even without a body, the status shows whether this is a rejection or a redirect. A read whose response was cut
            // can be retried instead.
            Some(status)
                if !status.is_success() && error.may_have_been_sent() && !is_cut_read::<E>(&error) =>
            {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = status;
                read_response(request, response, attempts, call_request, keep_body)
            }
            _ => Err(no_response(request, error, call_request)),
        },
    }
}

/// Returns whether the operation is idempotent, and the connection failed before the response was complete.
fn is_cut_read<E: Endpoint>(error: &transport::Error) -> bool {
    E::RESEND == Resend::Always && error.kind() != ErrorKind::TooLarge
}

fn read_response<E: Endpoint>(
    request: &E,
    response: Response<Bytes>,
    attempts: u32,
    call_request: &CallRequest<'_>,
    keep_body: bool,
) -> Result<ApiResponse<E::Response>, Error> {
    let (head, body) = response.into_parts();
    let api_error =
        || ApiError::read(request, call_request.key(), head.status, &body).with_headers(head.headers.clone());
    if head.status.is_success() {
        return match E::decode(&body) {
            Ok(value) => {
                let body = keep_body.then_some(body);
                Ok(ApiResponse { value, status: head.status, headers: head.headers, attempts, body })
            }
            Err(error) => Err(unreadable::<E>(call_request, api_error(), &error)),
        };
    }
    if head.status.is_redirection() {
        let is_within = |location: &HeaderValue| {
            location.to_str().is_ok_and(|location| call_request.base.origin().contains(location))
        };
        // A redirect should have one `Location`. If it has several, all must be within the origin.
        let mut locations = head.headers.get_all(header::LOCATION).iter().peekable();
        let same_origin = locations.peek().is_some() && locations.all(is_within);
        return Err(Error::UnexpectedRedirect {
            operation: E::OPERATION,
            may_have_acted: E::RESEND == Resend::IfUnsent,
            status: head.status,
            same_origin,
        });
    }
    Err(rejection::<E>(call_request, &head, Box::new(api_error())))
}

/// Returns the error for a 2XX response whose body is not the expected value. If the operation is idempotent and the
/// body is one of OpenRouter's errors, that is [`Error::Api`].
fn unreadable<E: Endpoint>(
    call_request: &CallRequest<'_>,
    api: ApiError,
    error: &serde_json::Error,
) -> Error {
    let source = Box::new(Unreadable { line: error.line(), column: error.column() });
    if E::RESEND == Resend::Always {
        return if api.is_from_openrouter() {
            Error::Api(Box::new(api))
        } else {
            unexpected::<E>(api, source)
        };
    }
    let mut unknown = unknown::<E>(call_request, UnknownReason::Unreadable, Some(&api));
    unknown.body = api.raw_body().to_vec().into();
    unknown.api = api.is_from_openrouter().then(|| Box::new(api));
    unknown.source = Some(source);
    Error::OutcomeUnknown(Box::new(unknown))
}

fn rejection<E: Endpoint>(call_request: &CallRequest<'_>, head: &Parts, api: Box<ApiError>) -> Error {
    let is_idempotent = E::RESEND == Resend::Always;
    let longest = if is_idempotent { Duration::MAX } else { CODE_LIFETIME };
    let retry_after = RetryAfter::read(&head.headers)
        .map(|asked| asked.wait(|| call_request.config.system_time()).min(longest));
    match head.status.as_u16() {
        429 => Error::RateLimited { retry_after, api },
        _ if !is_idempotent && is_unknown(head.status, &head.headers) => {
            let mut unknown = unknown::<E>(call_request, UnknownReason::Status, Some(&api));
            unknown.api = Some(api);
            Error::OutcomeUnknown(Box::new(unknown))
        }
        503 => Error::ServiceUnavailable { retry_after, api },
        _ => Error::Api(api),
    }
}

/// Returns the error for an attempt without a response.
fn no_response<E: Endpoint>(request: &E, error: transport::Error, call_request: &CallRequest<'_>) -> Error {
    if !error.may_have_been_sent() {
        return match error.kind() {
            ErrorKind::Tls => Error::Tls(error),
            ErrorKind::ProxyAuth | ErrorKind::ProxyAuthUnsupported => Error::ProxyAuthRequired(error),
            _ => Error::NotSent(error),
        };
    }
    if E::RESEND == Resend::Always {
        return match error.status() {
            Some(status) if error.kind() == ErrorKind::TooLarge => {
                unexpected::<E>(ApiError::read(request, None, status, b""), Box::new(error))
            }
            _ => Error::NoResponse(error),
        };
    }
    let reason = match error.kind() {
        ErrorKind::Timeout => UnknownReason::Timeout,
        ErrorKind::TooLarge => UnknownReason::TooLarge,
        ErrorKind::Io => UnknownReason::Cut,
        ErrorKind::Protocol => UnknownReason::Unreadable,
        _ => UnknownReason::Other,
    };
    let mut unknown = unknown::<E>(call_request, reason, None);
    unknown.source = Some(Box::new(error));
    Error::OutcomeUnknown(Box::new(unknown))
}

fn unknown<E: Endpoint>(
    call_request: &CallRequest<'_>,
    reason: UnknownReason,
    response: Option<&ApiError>,
) -> OutcomeUnknown {
    let now = call_request.config.system_time();
    OutcomeUnknown::new::<E>(call_request.base.origin().clone(), reason, response, now)
}

fn unexpected<E: Endpoint>(response: ApiError, source: BoxError) -> Error {
    Error::UnexpectedResponse(Box::new(UnexpectedResponse::new(E::ACTIVITY, response, source)))
}

/// Returns the error for a code that was rejected `now`, after an earlier exchange may have used it.
pub(crate) fn rejected_later(origin: Origin, api: Box<ApiError>, now: SystemTime) -> Error {
    let mut unknown =
        OutcomeUnknown::new::<ExchangeAuthCode>(origin, UnknownReason::RejectedLater, Some(&api), now);
    unknown.api = Some(api);
    Error::OutcomeUnknown(Box::new(unknown))
}

/// The position at which a body is not the expected JSON. It replaces serde's own error, whose text quotes the body.
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
