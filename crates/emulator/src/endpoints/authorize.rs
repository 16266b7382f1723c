//! `GET /auth` and `POST /auth`
//!
//! The page on which a user grants an application a key. The form posts every parameter back, and the service checks
//! them all again: it remembers nothing about the form and trusts nothing in it. A program can post its decision to the
//! authorize URL without the page, as a form or as JSON, and gets JSON back.

mod accept;
mod page;
mod request;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY},
};

use self::request::{AuthorizationRequest, parse_limit};
use crate::{
    DecisionOutcome, DenialBehavior, Settings,
    http::{
        json_body,
        params::Params,
        response::{self, Rejection},
    },
    state::{
        State,
        grant::{Code, Grant},
    },
};

/// The result of a posted form, before it becomes a page or JSON.
enum FormResult<'a> {
    Decided(DecisionOutcome),
    /// The application sent invalid parameters.
    Invalid(String),
    /// The user entered an invalid limit.
    InvalidLimit {
        request: AuthorizationRequest,
        params: Params<'a>,
        why: &'static str,
    },
}

pub(crate) fn respond(state: &mut State, request: &Request<Bytes>) -> Response<Bytes> {
    if request.method() != Method::POST {
        let query = request.uri().query().unwrap_or_default();
        return consent_page(&state.settings, query.as_bytes()).unwrap_or_else(|why| page::rejection(&why));
    }
    let result = decide(state, request).unwrap_or_else(FormResult::Invalid);
    // The emulator's page sends a form.
    if is_json(request) || accept::prefers_json(request.headers()) {
        result.into_json()
    } else {
        result.into_page()
    }
}

/// Shows the page where the user decides.
fn consent_page(settings: &Settings, query: &[u8]) -> Result<Response<Bytes>, String> {
    let params = Params::parse(query)?;
    let request = AuthorizationRequest::parse(&params, settings)?;
    parse_limit(&params)?;
    Ok(page::consent(&request, &params))
}

fn decide<'a>(state: &mut State, request: &'a Request<Bytes>) -> Result<FormResult<'a>, String> {
    let params = posted_params(request)?;
    let request = AuthorizationRequest::parse(&params, &state.settings)?;
    let outcome = match params.get("decision") {
        Some("approve") => match parse_limit(&params) {
            Ok(limit) => approve(state, request, limit),
            Err(why) => return Ok(FormResult::InvalidLimit { request, params, why }),
        },
        Some("deny") => deny(state, &request),
        _ => return Err("Invalid decision: it must be approve or deny".to_owned()),
    };
    Ok(FormResult::Decided(outcome))
}

/// Returns whether the body is meant as JSON. Tools such as curl send JSON as a form unless told otherwise, and the
/// name of no parameter begins with a brace.
fn is_json(request: &Request<Bytes>) -> bool {
    json_body::is_json(request) || request.body().trim_ascii_start().starts_with(b"{")
}

/// Reads the parameters of the URL and of the body. The user's limit, in the body, replaces the application's.
fn posted_params(request: &Request<Bytes>) -> Result<Params<'_>, String> {
    let query = Params::parse(request.uri().query().unwrap_or_default().as_bytes())?;
    let body = request.body();
    let body = if is_json(request) { Params::parse_json(body) } else { Params::parse(body) };
    query.join(body?, "limit")
}

impl FormResult<'_> {
    fn into_page(self) -> Response<Bytes> {
        match self {
            Self::Decided(DecisionOutcome::Redirected(url)) => redirect(&url),
            Self::Decided(DecisionOutcome::Code(code)) => page::code(&code),
            Self::Decided(DecisionOutcome::Denied) => page::denied(),
            Self::Invalid(why) => page::rejection(&why),
            Self::InvalidLimit { request, params, .. } => {
                page::consent_after_invalid_limit(&request, &params)
            }
        }
    }

    /// Returns the URL of a redirect in the body, because a client that followed the redirect would not see the URL.
    fn into_json(self) -> Response<Bytes> {
        match self {
            Self::Decided(outcome) => response::json(StatusCode::OK, &outcome.to_json()),
            Self::Invalid(why) => Rejection::bad_request(why).into(),
            Self::InvalidLimit { why, .. } => Rejection::bad_request(why).into(),
        }
    }
}

fn approve(state: &mut State, request: AuthorizationRequest, limit: Option<f64>) -> DecisionOutcome {
    let code = state.issue_code(Code {
        issued_at: state.clock.now(),
        challenge: request.challenge,
        grant: Grant { label: request.label, limit, workspace: request.workspace, ..Grant::default() },
    });
    let Some(callback) = request.callback_url else {
        return DecisionOutcome::Code(code);
    };
    let mut parameters = vec![("code", code.as_str())];
    parameters.extend(state_parameter(&state.settings, request.state.as_deref()));
    DecisionOutcome::Redirected(callback.with_parameters(&parameters))
}

fn deny(state: &State, request: &AuthorizationRequest) -> DecisionOutcome {
    match (&request.callback_url, state.settings.denial) {
        (Some(callback), DenialBehavior::Redirect) => {
            let mut parameters =
                vec![("error", "access_denied"), ("error_description", "The user denied the request")];
            parameters.extend(state_parameter(&state.settings, request.state.as_deref()));
            DecisionOutcome::Redirected(callback.with_parameters(&parameters))
        }
        (None, _) | (_, DenialBehavior::Silent) => DecisionOutcome::Denied,
    }
}

fn state_parameter<'a>(settings: &Settings, state: Option<&'a str>) -> Option<(&'static str, &'a str)> {
    state.filter(|_| settings.state_echo).map(|state| ("state", state))
}

/// Redirects with 303, so that the browser sends a GET to the callback (RFC 9110, section 15.4.4).
fn redirect(url: &str) -> Response<Bytes> {
    // A callback URL is visible ASCII and its parameters are encoded, so it is always a valid header value.
    let Ok(location) = HeaderValue::from_str(url) else {
        return page::rejection("Invalid callback_url");
    };
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The page's URL contains the challenge and the state, which the callback must not see.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
