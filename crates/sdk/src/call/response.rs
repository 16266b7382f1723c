//! What an answer means, and what its absence means.

use std::{error::Error as StdError, fmt, time::SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header, response::Parts};
use openrouter_oauth_models::{ApiError, Endpoint, Resend, ServerText, Timestamp};
use openrouter_oauth_transport::{self as transport, ErrorKind};

use crate::{
    ApiResponse, Error, OutcomeUnknown, UnknownReason,
    call::attempts::{NoResponse, Reply, is_unknown},
    call::request::Outgoing,
    call::retry_after::retry_after,
};

/// Makes a value or an error of what came of a call.
pub(crate) fn of<E: Endpoint>(
    request: &E,
    outgoing: &Outgoing<'_>,
    attempts: u32,
    reply: Reply,
) -> Result<ApiResponse<E::Response>, Error> {
    match reply {
        Ok(response) => read(request, response, attempts, outgoing),
        Err(NoResponse::HookRejected(error)) => Err(Error::HookRejected(error)),
        Err(NoResponse::Transport(error)) => match error.status() {
            // The status alone says that it was refused, or that it was redirected.
            Some(status) if !status.is_success() && error.may_have_been_sent() => {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = status;
                read(request, response, attempts, outgoing)
            }
            _ => Err(no_answer::<E>(error)),
        },
    }
}

/// Makes a value or an error of an answer.
fn read<E: Endpoint>(
    request: &E,
    response: Response<Bytes>,
    attempts: u32,
    outgoing: &Outgoing<'_>,
) -> Result<ApiResponse<E::Response>, Error> {
    let (head, body) = response.into_parts();
    let said =
        || ApiError::read(request, outgoing.key(), head.status, &body).with_headers(head.headers.clone());
    if head.status.is_success() {
        return match E::decode(&body) {
            Ok(value) => Ok(ApiResponse { value, status: head.status, headers: head.headers, attempts }),
            Err(error) => Err(unreadable::<E>(&head, said(), &error)),
        };
    }
    if head.status.is_redirection() {
        let is_within = |location: &HeaderValue| {
            location.to_str().is_ok_and(|location| outgoing.base.is_origin_of(location))
        };
        // There should be one. Of two, nobody knows which is meant.
        let mut locations = head.headers.get_all(header::LOCATION).iter().peekable();
        let same_origin = locations.peek().is_some() && locations.all(is_within);
        return Err(Error::UnexpectedRedirect { status: head.status, same_origin });
    }
    Err(refusal::<E>(&head, Box::new(said())))
}

/// A success without what it should hold. Of a read it is a refusal if it says so; what makes something may have made it.
fn unreadable<E: Endpoint>(head: &Parts, said: ApiError, error: &serde_json::Error) -> Error {
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

fn refusal<E: Endpoint>(head: &Parts, api: Box<ApiError>) -> Error {
    match head.status.as_u16() {
        429 => Error::RateLimited { retry_after: retry_after(&head.headers), api },
        503 => Error::ServiceUnavailable { retry_after: retry_after(&head.headers), api },
        _ if E::RESEND == Resend::IfUnsent && is_unknown(head.status) => {
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

fn unknown<E: Endpoint>(reason: UnknownReason, head: Option<&Parts>) -> OutcomeUnknown {
    OutcomeUnknown {
        operation: E::OPERATION,
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

/// The server's name of a request, if it looks like one: anything else could be a secret that was sent back.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<ServerText> {
    let id = |name| headers.get(name)?.to_str().ok().filter(|id| is_request_id(id)).map(ServerText::new);
    id("cf-ray").or_else(|| id("x-request-id"))
}

/// At most 64 hexadecimal digits and hyphens, as in a UUID; Cloudflare adds the three letters of an airport.
fn is_request_id(text: &str) -> bool {
    let is_airport = |end: &str| end.len() == 3 && end.bytes().all(|byte| byte.is_ascii_uppercase());
    let id = text.rsplit_once('-').filter(|(_, end)| is_airport(end)).map_or(text, |(id, _)| id);
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_looks_like_one() {
        for id in ["8f0c1a2b3c4d5e6f-LHR", "8f0c1a2b3c4d5e6f", "123e4567-e89b-12d3-a456-426614174000"] {
            assert!(is_request_id(id), "{id}");
        }
        for other in
            ["", "-LHR", "auth_code_abc123", "sk-or-v1-0e6f", "8f0c 1a2b", "8f0c-lhr", &"0".repeat(65)]
        {
            assert!(!is_request_id(other), "{other}");
        }
    }
}
