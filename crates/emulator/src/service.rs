//! The service without I/O: dispatches a request to its endpoint, and applies faults to the response.

mod api_headers;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE},
};

use crate::{
    Fault, LogEntry, Settings, WrongMethodStatus,
    canned_response::Sender,
    control,
    endpoints::{authorize, create_auth_code, current_key, exchange_auth_code, exchange_token, signing_keys},
    fault::{Effect, check_delay, content_type_value},
    gateway_response::add_ray,
    http::{
        cors,
        response::Rejection,
        route::{self, Route},
    },
    log::Log,
    state::State,
};

/// The service behind the sockets and the in-memory transport.
///
/// Each request holds the lock from start to end, so looking up a code and using it up is one step.
pub(crate) struct Service {
    state: Mutex<State>,
}

/// A response, and how to deliver it.
pub(crate) enum Delivery {
    /// Send the response.
    Intact(Response<Bytes>),
    /// Send the response after this delay.
    Delayed(Response<Bytes>, Duration),
    /// Break the connection after this many bytes of the response.
    CutAfter(Response<Bytes>, usize),
    /// Break the connection instead of responding.
    Dropped,
}

impl Service {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { state: Mutex::new(State::new(settings)) }
    }

    /// Responds to one request.
    pub(crate) fn respond(&self, request: &Request<Bytes>) -> Delivery {
        deliver(&mut self.state(), request)
    }

    /// Locks the state. Ignores poisoning, because each change of the state is complete in itself.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The largest body that a request may have.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;

fn deliver(state: &mut State, request: &Request<Bytes>) -> Delivery {
    let path = request.uri().path();
    let route = Route::from_path(path);
    let fault = if is_preflight(request) { None } else { state.faults.take(route, path) };
    let delivery = match fault {
        Some(fault) => deliver_with_fault(state, &fault, route, request),
        None => Delivery::Intact(respond(state, route, request)),
    };
    log_request(&mut state.log, route, request, &delivery);
    delivery
}

fn deliver_with_fault(
    state: &mut State,
    fault: &Fault,
    route: Option<Route>,
    request: &Request<Bytes>,
) -> Delivery {
    apply(state, &fault.effect, route, request)
        .unwrap_or_else(|why| Delivery::Intact(with_api_headers(state, request, invalid_fault(&why))))
}

/// Applies a fault to a request.
///
/// # Errors
///
/// If the fault cannot be delivered. The request is not processed.
fn apply(
    state: &mut State,
    effect: &Effect,
    route: Option<Route>,
    request: &Request<Bytes>,
) -> Result<Delivery, String> {
    Ok(match effect {
        Effect::Respond { canned, after_commit } => {
            let mut response = canned.to_response(|status| error_body(route, status))?;
            if *after_commit {
                respond(state, route, request);
            }
            Delivery::Intact(match canned.sender {
                Sender::Service => with_api_headers(state, request, response),
                Sender::Gateway => {
                    add_ray(&mut response, &state.random.ray());
                    response
                }
            })
        }
        Effect::Invalid(why) => return Err((*why).to_owned()),
        Effect::Delay(delay) => {
            check_delay(*delay)?;
            Delivery::Delayed(respond(state, route, request), *delay)
        }
        Effect::CutAfter(bytes) => Delivery::CutAfter(respond(state, route, request), *bytes),
        Effect::ContentType(content_type) => {
            let content_type = content_type_value(content_type)?;
            let mut response = respond(state, route, request);
            response.headers_mut().insert(CONTENT_TYPE, content_type);
            Delivery::Intact(response)
        }
        Effect::DropBeforeCommit => Delivery::Dropped,
        Effect::DropAfterCommit => {
            respond(state, route, request);
            Delivery::Dropped
        }
    })
}

fn respond(state: &mut State, route: Option<Route>, request: &Request<Bytes>) -> Response<Bytes> {
    let response = if is_preflight(request) { cors::preflight() } else { dispatch(state, route, request) };
    with_api_headers(state, request, response)
}

/// Returns whether the request is one that a browser sends before that of a web page. Faults do not affect it, because
/// they are meant for the web page's own request.
fn is_preflight(request: &Request<Bytes>) -> bool {
    request.method() == Method::OPTIONS && route::is_api(request.uri().path())
}

fn with_api_headers(
    state: &mut State,
    request: &Request<Bytes>,
    mut response: Response<Bytes>,
) -> Response<Bytes> {
    if route::is_api(request.uri().path()) {
        api_headers::add(response.headers_mut(), &mut state.random);
    }
    response
}

fn dispatch(state: &mut State, route: Option<Route>, request: &Request<Bytes>) -> Response<Bytes> {
    if route::is_control(request.uri().path()) && control::is_from_another_origin(request.headers()) {
        return control::other_origin().into();
    }
    let Some(route) = route else {
        return not_found().into();
    };
    if !route.methods().contains(request.method()) {
        return wrong_method(route, state.settings.wrong_method);
    }
    if request.body().len() > BODY_LIMIT {
        return Rejection::api(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large").into();
    }
    let result = match route {
        Route::Index => Ok(control::index()),
        Route::Health => Ok(control::health()),
        Route::Authorize => Ok(authorize::respond(state, request)),
        Route::ExchangeAuthCode => exchange_auth_code::respond(state, request),
        Route::CreateAuthCode => create_auth_code::respond(state, request),
        Route::CurrentKey | Route::CurrentKeyAlias => current_key::respond(state, request),
        Route::ExchangeToken => exchange_token::respond(state, request),
        Route::SigningKeys => Ok(signing_keys::respond(state)),
        Route::InjectFault => control::inject_fault(state, request),
        Route::ChangeSettings => control::change_settings(state, request),
        Route::AdvanceClock => control::advance_clock(state, request),
        Route::ReadLog => Ok(control::read_log(state)),
        Route::Keys => Ok(control::keys::list_or_create(state, request)),
        Route::Key => control::keys::read_or_change(state, request),
        Route::KeySpend => control::keys::spend(state, request),
    };
    result.unwrap_or_else(Response::from)
}

fn log_request(log: &mut Log, route: Option<Route>, request: &Request<Bytes>, delivery: &Delivery) {
    if route::is_control(request.uri().path()) {
        return;
    }
    if let Some(route) = route {
        log.count_request(route, request.method());
    }
    let status = match delivery {
        Delivery::Intact(response) | Delivery::Delayed(response, _) | Delivery::CutAfter(response, _) => {
            Some(response.status().as_u16())
        }
        Delivery::Dropped => None,
    };
    log.push(LogEntry::new(route, request, status));
}

fn not_found() -> Rejection {
    Rejection::api(StatusCode::NOT_FOUND, "Not Found")
}

fn wrong_method(route: Route, setting: WrongMethodStatus) -> Response<Bytes> {
    match setting {
        WrongMethodStatus::NotFound => not_found().into(),
        WrongMethodStatus::NotAllowed => {
            let mut response =
                Response::from(Rejection::api(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"));
            for method in route.methods() {
                if let Ok(value) = HeaderValue::from_str(method.as_str()) {
                    response.headers_mut().append(ALLOW, value);
                }
            }
            response
        }
    }
}

/// The response to a request whose fault cannot be delivered.
fn invalid_fault(why: &str) -> Response<Bytes> {
    let message = format!("this fault is invalid: {why}");
    Rejection::api(StatusCode::INTERNAL_SERVER_ERROR, message).into()
}

/// The body of an injected status, in the error envelope of the endpoint.
fn error_body(route: Option<Route>, status: StatusCode) -> Bytes {
    let message = status.canonical_reason().unwrap_or("Injected fault");
    let rejection = if route == Some(Route::ExchangeToken) {
        let code = match status.as_u16() {
            429 | 503 => "temporarily_unavailable",
            500.. => "server_error",
            _ => "invalid_request",
        };
        Rejection::OAuth(status, code, message.to_owned())
    } else {
        Rejection::api(status, message)
    };
    Response::from(rejection).into_body()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{bounded::BoundedMap, grant::Code};

    #[test]
    fn memory_stays_bounded_after_many_codes() {
        let service = Service::new(Settings::default());
        let key = service.state().issue_management_key();
        let create_code = Request::post("/api/v1/auth/keys/code")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Bytes::from_static(br#"{"callback_url":"https://my.app"}"#))
            .unwrap();
        for _ in 0..200_000 {
            let Delivery::Intact(response) = service.respond(&create_code) else {
                panic!("no fault was injected");
            };
            assert_eq!(response.status(), StatusCode::OK);
        }
        let state = service.state();
        assert_eq!(state.codes.len(), BoundedMap::<Code>::LIMIT);
        assert_eq!(state.log.entries().count(), Log::LIMIT);
        assert_eq!(state.log.count("/auth/keys/code", None), 200_000);
    }
}
