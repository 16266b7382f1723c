//! The transport that blocks, with one fault or another.

use std::{
    error::Error as _,
    io,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use openrouter_oauth_transport::{Error, ErrorKind, Limits, ResponseFuture, Transport};

use crate::blocking::Blocking;

/// [`Blocking`] with one fault.
#[derive(Debug)]
pub(crate) struct Faulty {
    fault: Fault,
    /// The answer before, for those who mix them up.
    last: Mutex<Option<Answer>>,
}

type Answer = Result<Response<Bytes>, Error>;

/// What a transport may do wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    // About the request.
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
    // About the answer.
    FailsOnStatus,
    FailsWithoutBody,
    FailsWithoutLength,
    TakesInterim,
    Decompresses,
    DropsHeaderOfAnswer,
    AnswersFromMemory,
    MixesAnswers,
    // About limits.
    IgnoresDeadline,
    TimesEachRead,
    MisnamesTimeout,
    CutsSilently,
    TakesErrorForEnd,
    ForgetsStatus,
    TakesStatusOfInterim,
    IgnoresCap,
    CutsAtCap,
    // About errors.
    ClaimsUnsent,
    ClaimsResetUnsent,
    ClaimsSent,
    LeaksHeader,
    LeaksBody,
    LeaksAnswer,
    StaysBroken,
    GoesOnWhenDropped,
}

/// Each fault, and the scenario that is there to find it.
pub(crate) const FAULTS: &[(&str, Fault)] = &[
    ("a_request_is_sent_once_when_no_answer_comes", Fault::RetriesErrors),
    ("a_request_is_sent_once_when_the_connection_is_reset", Fault::RetriesErrors),
    ("a_request_is_sent_once_when_a_kept_connection_breaks", Fault::RetriesErrors),
    ("a_request_is_sent_once_when_a_kept_connection_is_stale", Fault::SendsTwice),
    ("a_redirect_is_an_answer", Fault::FollowsRedirects),
    ("a_request_arrives_as_it_is", Fault::AddsHeader),
    ("a_request_arrives_as_it_is", Fault::DropsHeader),
    ("a_request_arrives_as_it_is", Fault::DoublesHeader),
    ("a_request_arrives_as_it_is", Fault::ReordersHeader),
    ("a_request_arrives_as_it_is", Fault::ChangesBody),
    ("nothing_is_remembered_for_the_next_request", Fault::KeepsCookies),
    ("nothing_is_remembered_for_the_next_request", Fault::AnswersFromMemory),
    ("every_status_is_an_answer", Fault::FailsOnStatus),
    ("every_status_is_an_answer", Fault::Retries503),
    ("answers_before_the_answer_are_passed_over", Fault::TakesInterim),
    ("an_answer_without_a_body_is_whole", Fault::FailsWithoutBody),
    ("headers_and_body_come_back_as_they_came", Fault::Decompresses),
    ("headers_and_body_come_back_as_they_came", Fault::DropsHeaderOfAnswer),
    ("no_answer_is_taken_for_that_of_another_request", Fault::AnswersFromMemory),
    ("many_at_once_get_their_own_answers", Fault::MixesAnswers),
    ("the_next_request_succeeds_after_every_failure", Fault::StaysBroken),
    ("the_deadline_holds_while_connecting", Fault::IgnoresDeadline),
    ("the_deadline_holds_while_connecting", Fault::MisnamesTimeout),
    ("the_deadline_holds_before_the_server_says_anything", Fault::IgnoresDeadline),
    ("the_deadline_holds_while_waiting_for_the_answer", Fault::IgnoresDeadline),
    ("the_deadline_holds_while_waiting_for_the_answer", Fault::MisnamesTimeout),
    ("the_deadline_holds_while_an_answer_trickles", Fault::TimesEachRead),
    ("a_cut_answer_is_an_error", Fault::CutsSilently),
    ("an_answer_that_is_reset_is_an_error", Fault::TakesErrorForEnd),
    ("a_refusal_without_its_words_keeps_its_status", Fault::ForgetsStatus),
    ("a_refusal_without_its_words_keeps_its_status", Fault::TakesStatusOfInterim),
    ("a_body_without_a_length_ends_with_the_connection", Fault::FailsWithoutLength),
    ("a_body_fills_the_limit_and_no_more", Fault::IgnoresCap),
    ("a_body_fills_the_limit_and_no_more", Fault::CutsAtCap),
    ("an_endless_body_is_too_large", Fault::IgnoresCap),
    ("what_may_have_arrived_is_not_called_unsent", Fault::ClaimsUnsent),
    ("partly_read_request_is_not_unsent", Fault::ClaimsResetUnsent),
    ("a_refused_connection_sends_nothing", Fault::ClaimsSent),
    ("no_error_shows_a_header_or_a_body", Fault::LeaksHeader),
    ("no_error_shows_a_header_or_a_body", Fault::LeaksBody),
    ("no_error_shows_a_header_or_a_body", Fault::LeaksAnswer),
    ("a_dropped_request_closes_its_connection", Fault::GoesOnWhenDropped),
];

impl Transport for Faulty {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move {
            if self.fault == Fault::GoesOnWhenDropped {
                let going_on =
                    tokio::task::spawn_blocking(move || Blocking::default().exchange(&request, limits));
                return going_on.await.unwrap();
            }
            self.exchange(request, limits)
        })
    }
}

impl Faulty {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, last: Mutex::default() }
    }

    fn exchange(&self, mut request: Request<Bytes>, mut limits: Limits) -> Answer {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        let is_over = match &last {
            Some(Ok(_)) => self.fault == Fault::AnswersFromMemory,
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
            Fault::IgnoresCap | Fault::CutsAtCap => limits = limits.response_bytes(usize::MAX / 2),
            _ => {}
        }
        let answer = self.spoil_answer(&request, limits, self.blocking().exchange(&request, limits));
        self.keep(&answer);
        match (self.fault, answer, last) {
            (Fault::MixesAnswers, Ok(_), Some(Ok(last))) => Ok(last),
            (Fault::CutsAtCap, Ok(answer), _) => {
                Ok(answer.map(|body| body.slice(..body.len().min(asked.response_bytes))))
            }
            (_, answer, _) => answer,
        }
    }

    fn blocking(&self) -> Blocking {
        Blocking {
            cuts_silently: self.fault == Fault::CutsSilently,
            takes_interim: self.fault == Fault::TakesInterim,
            times_each_read: self.fault == Fault::TimesEachRead,
        }
    }

    /// Remembers a copy.
    fn keep(&self, answer: &Answer) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(copy(answer));
    }

    fn spoil_request(&self, request: &mut Request<Bytes>, last: Option<&Answer>) {
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

    fn spoil_answer(&self, request: &Request<Bytes>, limits: Limits, answer: Answer) -> Answer {
        let again = || Blocking::default().exchange(request, limits);
        match (self.fault, answer) {
            (Fault::SendsTwice, Ok(_)) | (Fault::RetriesErrors, Err(_)) => again(),
            (Fault::Retries503, Ok(answer)) if answer.status() == 503 => again(),
            (Fault::FollowsRedirects, Ok(answer)) => follow(request, limits, answer),
            (_, Ok(answer)) => self.spoil_success(answer),
            (_, Err(error)) => self.spoil_error(request, error),
        }
    }

    fn spoil_success(&self, mut answer: Response<Bytes>) -> Answer {
        let is_sized = answer.headers().contains_key("content-length")
            || answer.headers().contains_key("transfer-encoding");
        match self.fault {
            Fault::FailsOnStatus if answer.status().is_client_error() => Err(ErrorKind::Other.into()),
            Fault::FailsWithoutBody if answer.body().is_empty() => Err(ErrorKind::Protocol.into()),
            Fault::FailsWithoutLength if !is_sized => Err(ErrorKind::Protocol.into()),
            Fault::Decompresses
                if answer.headers().get("content-encoding").is_some_and(|by| by == "gzip") =>
            {
                answer.headers_mut().remove("content-encoding");
                Ok(answer.map(|_| r#"{"key":"value"}"#.into()))
            }
            Fault::DropsHeaderOfAnswer => {
                let first = answer.headers_mut().remove("set-cookie");
                first.map(|first| answer.headers_mut().insert("set-cookie", first));
                Ok(answer)
            }
            _ => Ok(answer),
        }
    }

    fn spoil_error(&self, request: &Request<Bytes>, error: Error) -> Answer {
        let kind = error.kind();
        Err(match self.fault {
            Fault::MisnamesTimeout if kind == ErrorKind::Timeout => ErrorKind::Connect.into(),
            Fault::TakesErrorForEnd if kind == ErrorKind::Io => return Ok(Response::default()),
            Fault::ForgetsStatus => Error::new(kind, error),
            Fault::TakesStatusOfInterim if error.status().is_none() => {
                error.with_status(StatusCode::EARLY_HINTS)
            }
            Fault::ClaimsUnsent => error.not_sent(),
            Fault::ClaimsResetUnsent if is_reset(&error) => error.not_sent(),
            Fault::ClaimsSent => Error::new(ErrorKind::Io, error),
            Fault::LeaksHeader => Error::new(kind, format!("{:?}", request.headers())),
            Fault::LeaksBody => Error::new(kind, format!("{:?}", request.body().to_vec())),
            Fault::LeaksAnswer => Error::new(kind, "the answer canary-came-body is not good"),
            _ => error,
        })
    }
}

/// Whether the server closed the connection without reading the whole request.
fn is_reset(error: &Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| {
        matches!(cause.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
    })
}

fn copy(answer: &Answer) -> Answer {
    match answer {
        Ok(answer) => Ok(answer.clone()),
        Err(error) => Err(error.kind().into()),
    }
}

fn follow(request: &Request<Bytes>, limits: Limits, answer: Response<Bytes>) -> Answer {
    let Some(location) = answer.headers().get("location") else { return Ok(answer) };
    let location = location.to_str().unwrap();
    let url = match request.uri().authority() {
        Some(authority) if location.starts_with('/') => format!("http://{authority}{location}"),
        _ => location.to_owned(),
    };
    let request = Request::builder().method(Method::GET).uri(url).body(Bytes::new()).unwrap();
    Blocking::default().exchange(&request, limits)
}
