//! The result of a call: a value, or an error.

use std::{error::Error as StdError, fmt, time::SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header, response::Parts};
use openrouter_oauth_models::{ApiError, Endpoint, Resend, Timestamp, request_id};
use openrouter_oauth_transport::{self as transport, ErrorKind};

use super::{
    reply::{NoResponse, Reply, is_unknown},
    request::CallRequest,
    retry_after::retry_after,
};
use crate::error::{
    Error,
    outcome_unknown::{OutcomeUnknown, UnknownReason},
};

/// A successful response: the value, with the status and the headers.
pub struct ApiResponse<T> {
    value: T,
    status: StatusCode,
    headers: HeaderMap,
    attempts: u32,
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
) -> Result<ApiResponse<E::Response>, Error> {
    match reply {
        Ok(response) => read_response(request, response, attempts, call_request),
        Err(NoResponse::HookRejected(error)) => Err(Error::HookRejected(error)),
        Err(NoResponse::Transport(error)) => match error.status() {
            // Even without a body, the status shows whether this is a rejection or a redirect.
            Some(status) if !status.is_success() && error.may_have_been_sent() => {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = status;
                read_response(request, response, attempts, call_request)
            }
            _ => Err(no_response::<E>(error, call_request)),
        },
    }
}

fn read_response<E: Endpoint>(
    request: &E,
    response: Response<Bytes>,
    attempts: u32,
    call_request: &CallRequest<'_>,
) -> Result<ApiResponse<E::Response>, Error> {
    let (head, body) = response.into_parts();
    let api_error =
        || ApiError::read(request, call_request.key(), head.status, &body).with_headers(head.headers.clone());
    if head.status.is_success() {
        return match E::decode(&body) {
            Ok(value) => Ok(ApiResponse { value, status: head.status, headers: head.headers, attempts }),
            Err(error) => Err(unreadable::<E>(call_request, &head, api_error(), &error)),
        };
    }
    if head.status.is_redirection() {
        let is_within = |location: &HeaderValue| {
            location.to_str().is_ok_and(|location| call_request.base.origin().contains(location))
        };
        // A redirect should have one `Location`. If it has several, all must be within the origin.
        let mut locations = head.headers.get_all(header::LOCATION).iter().peekable();
        let same_origin = locations.peek().is_some() && locations.all(is_within);
        return Err(Error::UnexpectedRedirect { status: head.status, same_origin });
    }
    Err(rejection::<E>(call_request, &head, Box::new(api_error())))
}

/// Returns the error for a 2XX response whose body is not the expected value. If the operation is idempotent and the body
/// is one of OpenRouter's errors, that is [`Error::Api`].
fn unreadable<E: Endpoint>(
    call_request: &CallRequest<'_>,
    head: &Parts,
    api_error: ApiError,
    error: &serde_json::Error,
) -> Error {
    let api = api_error.envelope().is_some().then(|| Box::new(api_error));
    match api {
        Some(api) if E::RESEND == Resend::Always => Error::Api(api),
        api => {
            let mut unknown = unknown::<E>(call_request, UnknownReason::Unreadable, Some(head));
            unknown.api = api;
            unknown.source = Some(Box::new(Unreadable { line: error.line(), column: error.column() }));
            Error::OutcomeUnknown(Box::new(unknown))
        }
    }
}

fn rejection<E: Endpoint>(call_request: &CallRequest<'_>, head: &Parts, api: Box<ApiError>) -> Error {
    match head.status.as_u16() {
        429 => Error::RateLimited { retry_after: retry_after(&head.headers), api },
        503 => Error::ServiceUnavailable { retry_after: retry_after(&head.headers), api },
        _ if E::RESEND == Resend::IfUnsent && is_unknown(head.status) => {
            let mut unknown = unknown::<E>(call_request, UnknownReason::Status, Some(head));
            unknown.api = Some(api);
            Error::OutcomeUnknown(Box::new(unknown))
        }
        _ => Error::Api(api),
    }
}

/// Returns the error for an attempt without a response.
fn no_response<E: Endpoint>(error: transport::Error, call_request: &CallRequest<'_>) -> Error {
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
    let mut unknown = unknown::<E>(call_request, reason, None);
    unknown.source = Some(Box::new(error));
    Error::OutcomeUnknown(Box::new(unknown))
}

fn unknown<E: Endpoint>(
    call_request: &CallRequest<'_>,
    reason: UnknownReason,
    head: Option<&Parts>,
) -> OutcomeUnknown {
    OutcomeUnknown {
        operation: E::OPERATION,
        origin: call_request.base.origin().clone(),
        reason,
        status: head.map(|head| head.status),
        request_id: head.and_then(|head| request_id(&head.headers)),
        key_label: None,
        noticed_at: Timestamp::try_from(SystemTime::now()).ok(),
        retryable: E::RESEND == Resend::Always,
        api: None,
        source: None,
    }
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
