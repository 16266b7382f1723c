//! The blocking transport, with one of many faults.

use std::{
    error::Error as _,
    io,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use openrouter_oauth_transport::{Error, ErrorKind, Limits, ResponseFuture, Transport};

use crate::blocking::{Blocking, Flaw};

/// [`Blocking`] with one fault.
#[derive(Debug)]
pub(crate) struct Faulty {
    fault: Fault,
    /// The previous result, for the faults that return it again.
    last: Mutex<Option<Sent>>,
}

type Sent = Result<Response<Bytes>, Error>;

/// A way to violate the contract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    // Faults in requests.
    SendsTwice,
    RetriesErrors,
    Retries503,
    FollowsRedirects,
    AddsHeader,
    DropsHeader,
    DoublesHeader,
    ReordersHeader,
    ChangesBody,
    KeepsCookies,
    // Faults in responses.
    FailsOnStatus,
    FailsWithoutBody,
    FailsWithoutLength,
    RejectsExtensions,
    TakesInterim,
    Decompresses,
    DropsResponseHeader,
    RespondsFromMemory,
    MixesResponses,
    // Faults in limits.
    IgnoresDeadline,
    TimesEachRead,
    TimesEachStep,
    ClaimsTimeoutUnsent,
    EndsEarly,
    BlocksBeforePending,
    MisnamesTimeout,
    CutsSilently,
    TakesErrorForEnd,
    ForgetsStatus,
    TakesStatusOfInterim,
    IgnoresCap,
    CutsAtCap,
    // Faults in errors.
    ClaimsUnsent,
    ClaimsResetUnsent,
    ClaimsSent,
    LeaksHeader,
    LeaksBody,
    LeaksResponse,
    StaysBroken,
    GoesOnWhenDropped,
}

/// The scenarios, and the faults that each must find.
pub(crate) const FAULTS: &[(&str, Fault)] = &[
    ("request_is_sent_once_when_no_response_comes", Fault::RetriesErrors),
    ("request_is_sent_once_when_connection_is_reset", Fault::RetriesErrors),
    ("request_is_sent_once_when_kept_connection_breaks", Fault::RetriesErrors),
    ("request_is_sent_once_when_kept_connection_is_stale", Fault::SendsTwice),
    ("redirect_is_returned_and_not_followed", Fault::FollowsRedirects),
    ("request_arrives_unchanged", Fault::AddsHeader),
    ("request_arrives_unchanged", Fault::DropsHeader),
    ("request_arrives_unchanged", Fault::DoublesHeader),
    ("request_arrives_unchanged", Fault::ReordersHeader),
    ("request_arrives_unchanged", Fault::ChangesBody),
    ("requests_share_no_state", Fault::KeepsCookies),
    ("requests_share_no_state", Fault::RespondsFromMemory),
    ("every_status_is_returned", Fault::FailsOnStatus),
    ("every_status_is_returned", Fault::Retries503),
    ("interim_responses_are_skipped", Fault::TakesInterim),
    ("response_without_a_body_is_complete", Fault::FailsWithoutBody),
    ("headers_and_body_are_returned_unchanged", Fault::Decompresses),
    ("headers_and_body_are_returned_unchanged", Fault::DropsResponseHeader),
    ("chunk_extensions_and_trailers_are_ignored", Fault::RejectsExtensions),
    ("response_goes_to_its_own_request", Fault::RespondsFromMemory),
    ("concurrent_requests_get_their_own_responses", Fault::MixesResponses),
    ("next_request_succeeds_after_each_failure", Fault::StaysBroken),
    ("deadline_covers_connecting", Fault::IgnoresDeadline),
    ("deadline_covers_connecting", Fault::MisnamesTimeout),
    ("deadline_covers_a_silent_server", Fault::IgnoresDeadline),
    ("deadline_covers_waiting_for_the_response", Fault::IgnoresDeadline),
    ("deadline_covers_waiting_for_the_response", Fault::MisnamesTimeout),
    ("deadline_covers_waiting_for_the_response", Fault::ClaimsTimeoutUnsent),
    ("deadline_covers_waiting_for_the_response", Fault::EndsEarly),
    ("deadline_covers_a_trickling_response", Fault::TimesEachRead),
    ("deadline_covers_a_trickling_response", Fault::ClaimsTimeoutUnsent),
    ("deadline_covers_all_steps_together", Fault::TimesEachStep),
    ("future_that_blocks_completes_at_once", Fault::BlocksBeforePending),
    ("truncated_response_is_an_error", Fault::CutsSilently),
    ("reset_response_is_an_error", Fault::TakesErrorForEnd),
    ("reset_response_without_a_length_is_an_error", Fault::TakesErrorForEnd),
    ("error_keeps_the_status_of_a_lost_body", Fault::ForgetsStatus),
    ("error_keeps_the_status_of_a_lost_body", Fault::TakesStatusOfInterim),
    ("body_without_a_length_ends_at_close", Fault::FailsWithoutLength),
    ("body_can_fill_the_limit_exactly", Fault::IgnoresCap),
    ("body_can_fill_the_limit_exactly", Fault::CutsAtCap),
    ("endless_body_is_too_large", Fault::IgnoresCap),
    ("request_that_may_have_arrived_counts_as_sent", Fault::ClaimsUnsent),
    ("partly_read_request_counts_as_sent", Fault::ClaimsResetUnsent),
    ("refused_connection_sends_nothing", Fault::ClaimsSent),
    ("errors_show_no_header_and_no_body", Fault::LeaksHeader),
    ("errors_show_no_header_and_no_body", Fault::LeaksBody),
    ("errors_show_no_header_and_no_body", Fault::LeaksResponse),
    ("dropped_request_closes_its_connection", Fault::GoesOnWhenDropped),
];

impl Transport for Faulty {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move {
            if self.fault == Fault::GoesOnWhenDropped {
                let going_on =
                    tokio::task::spawn_blocking(move || Blocking::default().exchange(&request, limits));
                return going_on.await.unwrap();
            }
            let sent = self.exchange(request, limits);
            if self.fault == Fault::BlocksBeforePending {
                tokio::task::yield_now().await;
            }
            sent
        })
    }
}

impl Faulty {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, last: Mutex::default() }
    }

    fn exchange(&self, mut request: Request<Bytes>, mut limits: Limits) -> Sent {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        let is_over = match &last {
            Some(Ok(_)) => self.fault == Fault::RespondsFromMemory,
            Some(Err(_)) => self.fault == Fault::StaysBroken,
            None => false,
        };
        if let (true, Some(last)) = (is_over, &last) {
            self.keep(last);
            return copy(last);
        }
        self.spoil_request(&mut request, last.as_ref());
        let asked = limits;
        match self.fault {
            Fault::IgnoresDeadline => limits = limits.timeout(None),
            Fault::EndsEarly => limits = limits.timeout(limits.timeout.map(|timeout| timeout / 2)),
            Fault::IgnoresCap | Fault::CutsAtCap => limits = limits.response_bytes(usize::MAX / 2),
            _ => {}
        }
        let response = self.spoil_result(&request, limits, self.blocking().exchange(&request, limits));
        self.keep(&response);
        match (self.fault, response, last) {
            (Fault::MixesResponses, Ok(_), Some(Ok(last))) => Ok(last),
            (Fault::CutsAtCap, Ok(response), _) => {
                Ok(response.map(|body| body.slice(..body.len().min(asked.response_bytes))))
            }
            (_, response, _) => response,
        }
    }

    fn blocking(&self) -> Blocking {
        Blocking {
            flaw: match self.fault {
                Fault::CutsSilently => Some(Flaw::CutsSilently),
                Fault::RejectsExtensions => Some(Flaw::RejectsExtensions),
                Fault::TakesInterim => Some(Flaw::TakesInterim),
                Fault::TimesEachRead => Some(Flaw::TimesEachRead),
                Fault::TimesEachStep => Some(Flaw::TimesEachStep),
                _ => None,
            },
        }
    }

    /// Keeps a copy of the result.
    fn keep(&self, response: &Sent) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(copy(response));
    }

    fn spoil_request(&self, request: &mut Request<Bytes>, last: Option<&Sent>) {
        let headers = request.headers_mut();
        let two = headers.get_all("x-two").iter().cloned().collect::<Vec<_>>();
        match (self.fault, two.as_slice()) {
            (Fault::AddsHeader, _) => drop(headers.insert("accept-encoding", "gzip".parse().unwrap())),
            (Fault::DropsHeader, _) => drop(headers.remove("user-agent")),
            (Fault::DoublesHeader, [one, ..]) => drop(headers.append("x-two", one.clone())),
            (Fault::ReordersHeader, [one, two]) => {
                headers.insert("x-two", two.clone());
                headers.append("x-two", one.clone());
            }
            (Fault::ChangesBody, _) => *request.body_mut() = request.body().to_ascii_lowercase().into(),
            (Fault::KeepsCookies, _) => {
                let cookie = last.and_then(|last| last.as_ref().ok()?.headers().get(header::SET_COOKIE));
                cookie.map(|cookie| headers.insert(header::COOKIE, cookie.clone()));
            }
            _ => {}
        }
    }

    fn spoil_result(&self, request: &Request<Bytes>, limits: Limits, response: Sent) -> Sent {
        let again = || Blocking::default().exchange(request, limits);
        match (self.fault, response) {
            (Fault::SendsTwice, Ok(_)) | (Fault::RetriesErrors, Err(_)) => again(),
            (Fault::Retries503, Ok(response)) if response.status() == 503 => again(),
            (Fault::FollowsRedirects, Ok(response)) => follow(request, limits, response),
            (_, Ok(response)) => self.spoil_success(response),
            (_, Err(error)) => self.spoil_error(request, error),
        }
    }

    fn spoil_success(&self, mut response: Response<Bytes>) -> Sent {
        let is_sized = response.headers().contains_key("content-length")
            || response.headers().contains_key("transfer-encoding");
        match self.fault {
            Fault::FailsOnStatus if response.status().is_client_error() => Err(ErrorKind::Other.into()),
            Fault::FailsWithoutBody if response.body().is_empty() => Err(ErrorKind::Protocol.into()),
            Fault::FailsWithoutLength if !is_sized => Err(ErrorKind::Protocol.into()),
            Fault::Decompresses
                if response.headers().get("content-encoding").is_some_and(|by| by == "gzip") =>
            {
                response.headers_mut().remove("content-encoding");
                Ok(response.map(|_| r#"{"key":"value"}"#.into()))
            }
            Fault::DropsResponseHeader => {
                let first = response.headers_mut().remove("set-cookie");
                first.map(|first| response.headers_mut().insert("set-cookie", first));
                Ok(response)
            }
            _ => Ok(response),
        }
    }

    fn spoil_error(&self, request: &Request<Bytes>, error: Error) -> Sent {
        let kind = error.kind();
        Err(match self.fault {
            Fault::MisnamesTimeout if kind == ErrorKind::Timeout => ErrorKind::Connect.into(),
            Fault::TakesErrorForEnd if kind == ErrorKind::Io => return Ok(Response::default()),
            Fault::ForgetsStatus => Error::new(kind, error),
            Fault::TakesStatusOfInterim if error.status().is_none() => {
                error.with_status(StatusCode::EARLY_HINTS)
            }
            Fault::ClaimsUnsent => error.not_sent(),
            Fault::ClaimsTimeoutUnsent if kind == ErrorKind::Timeout => error.not_sent(),
            Fault::ClaimsResetUnsent if is_reset(&error) => error.not_sent(),
            Fault::ClaimsSent => Error::new(ErrorKind::Io, error),
            Fault::LeaksHeader => Error::new(kind, format!("{:?}", request.headers())),
            Fault::LeaksBody => Error::new(kind, format!("{:?}", request.body().to_vec())),
            Fault::LeaksResponse => Error::new(kind, "the response canary-received-body is invalid"),
            _ => error,
        })
    }
}

/// Returns whether the server closed the connection without reading the whole request.
fn is_reset(error: &Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| {
        matches!(cause.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
    })
}

fn copy(response: &Sent) -> Sent {
    match response {
        Ok(response) => Ok(response.clone()),
        Err(error) => Err(error.kind().into()),
    }
}

fn follow(request: &Request<Bytes>, limits: Limits, response: Response<Bytes>) -> Sent {
    let Some(location) = response.headers().get("location") else { return Ok(response) };
    let location = location.to_str().unwrap();
    let url = match request.uri().authority() {
        Some(authority) if location.starts_with('/') => format!("http://{authority}{location}"),
        _ => location.to_owned(),
    };
    let request = Request::builder().method(Method::GET).uri(url).body(Bytes::new()).unwrap();
    Blocking::default().exchange(&request, limits)
}
