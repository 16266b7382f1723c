//! The heart: a request in, an answer out, no I/O.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE},
};

use crate::{
    Fault, LogEntry, Settings, WrongMethod, control,
    endpoints::{authorize, create_auth_code, current_key, exchange_auth_code, exchange_token, signing_keys},
    fault::{Effect, content_type_value},
    http::{response::Refusal, route::Route},
    log::Log,
    state::State,
};

/// The service behind both the socket and the transport in memory.
///
/// One lock is held for a whole request, so that a code is looked up and used up in one step.
pub(crate) struct Service {
    state: Mutex<State>,
}

/// An answer and what becomes of it on its way.
pub(crate) enum Reply {
    /// It is sent.
    Whole(Response<Bytes>),
    /// It is sent after this long.
    Late(Response<Bytes>, Duration),
    /// The connection breaks after this many bytes of it.
    Cut(Response<Bytes>, usize),
    /// The connection breaks before it.
    Dropped,
}

impl Service {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { state: Mutex::new(State::new(settings)) }
    }

    /// Answers one request.
    pub(crate) fn answer(&self, request: &Request<Bytes>) -> Reply {
        reply(&mut self.state(), request)
    }

    /// The state, even after a panic of whoever held it: each change of it is complete in itself.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The largest body a request may have.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;

fn reply(state: &mut State, request: &Request<Bytes>) -> Reply {
    let path = request.uri().path();
    let route = Route::of(path);
    let reply = match state.faults.take(route, path) {
        Some(fault) => reply_with(state, &fault, route, request),
        None => Reply::Whole(answer(state, route, request)),
    };
    record(&mut state.log, route, request, &reply);
    reply
}

fn reply_with(state: &mut State, fault: &Fault, route: Option<Route>, request: &Request<Bytes>) -> Reply {
    match &fault.effect {
        Effect::Answer(canned) => {
            let canned = canned.response(|status| envelope(route, status));
            Reply::Whole(canned.unwrap_or_else(|why| impossible(&why)))
        }
        Effect::Delay(delay) => Reply::Late(answer(state, route, request), *delay),
        Effect::CutAfter(bytes) => Reply::Cut(answer(state, route, request), *bytes),
        Effect::ContentType(content_type) => match content_type_value(content_type) {
            Ok(value) => {
                let mut response = answer(state, route, request);
                response.headers_mut().insert(CONTENT_TYPE, value);
                Reply::Whole(response)
            }
            Err(why) => Reply::Whole(impossible(&why)),
        },
        Effect::DropBeforeCommit => Reply::Dropped,
        Effect::DropAfterCommit => {
            answer(state, route, request);
            Reply::Dropped
        }
    }
}

fn answer(state: &mut State, route: Option<Route>, request: &Request<Bytes>) -> Response<Bytes> {
    let Some(route) = route else {
        return not_found().into();
    };
    if !route.methods().contains(request.method()) {
        return wrong_method(route, state.settings.wrong_method);
    }
    if request.body().len() > BODY_LIMIT {
        return Refusal::api(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large").into();
    }
    let answer = match route {
        Route::Index => Ok(control::index()),
        Route::Authorize => Ok(authorize::answer(state, request)),
        Route::ExchangeAuthCode => exchange_auth_code::answer(state, request),
        Route::CreateAuthCode => create_auth_code::answer(state, request),
        Route::CurrentKey | Route::CurrentKeyAlias => current_key::answer(state, request),
        Route::ExchangeToken => exchange_token::answer(state, request),
        Route::SigningKeys => Ok(signing_keys::answer(state)),
        Route::InjectFault => control::inject(state, request),
        Route::ChangeSettings => control::change_settings(state, request),
        Route::AdvanceClock => control::advance(state, request),
        Route::ReadLog => Ok(control::log(state)),
        Route::IssueKey => Ok(control::issue_key(state)),
    };
    answer.unwrap_or_else(Response::from)
}

fn record(log: &mut Log, route: Option<Route>, request: &Request<Bytes>, reply: &Reply) {
    if route.is_some_and(Route::is_control) {
        return;
    }
    if let Some(route) = route {
        log.count(route, request.method());
    }
    let status = match reply {
        Reply::Whole(response) | Reply::Late(response, _) | Reply::Cut(response, _) => {
            Some(response.status().as_u16())
        }
        Reply::Dropped => None,
    };
    log.push(LogEntry::new(route, request, status));
}

fn not_found() -> Refusal {
    Refusal::api(StatusCode::NOT_FOUND, "Not Found")
}

fn wrong_method(route: Route, setting: WrongMethod) -> Response<Bytes> {
    match setting {
        WrongMethod::NotFound => not_found().into(),
        WrongMethod::NotAllowed => {
            let mut response =
                Response::from(Refusal::api(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"));
            for method in route.methods() {
                if let Ok(value) = HeaderValue::from_str(method.as_str()) {
                    response.headers_mut().append(ALLOW, value);
                }
            }
            response
        }
    }
}

/// The answer to a request whose fault HTTP cannot carry.
fn impossible(why: &str) -> Response<Bytes> {
    let message = format!("this fault cannot be made: {why}");
    Refusal::api(StatusCode::INTERNAL_SERVER_ERROR, message).into()
}

/// The body of an injected status, in the envelope of the endpoint.
fn envelope(route: Option<Route>, status: StatusCode) -> Bytes {
    let message = status.canonical_reason().unwrap_or("Injected fault");
    let refusal = if route == Some(Route::ExchangeToken) {
        let code = match status.as_u16() {
            429 | 503 => "temporarily_unavailable",
            500.. => "server_error",
            _ => "invalid_request",
        };
        Refusal::OAuth(status, code, message.to_owned())
    } else {
        Refusal::api(status, message)
    };
    Response::from(refusal).into_body()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{bounded::Bounded, grant::Code};

    #[test]
    fn memory_stays_bounded_when_a_client_asks_for_codes_without_end() {
        let service = Service::new(Settings::default());
        let key = service.state().issue_management_key();
        let ask = Request::post("/api/v1/auth/keys/code")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Bytes::from_static(br#"{"callback_url":"https://my.app"}"#))
            .unwrap();
        for _ in 0..200_000 {
            let Reply::Whole(response) = service.answer(&ask) else {
                panic!("no fault was injected");
            };
            assert_eq!(response.status(), StatusCode::OK);
        }
        let state = service.state();
        assert_eq!(state.codes.len(), Bounded::<Code>::LIMIT);
        assert_eq!(state.log.entries().count(), Log::LIMIT);
        assert_eq!(state.log.counted("/auth/keys/code", None), 200_000);
    }
}
