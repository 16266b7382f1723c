//! `GET /auth` and `POST /auth`
//!
//! The page on which a user grants an application a key. The form posts every parameter back, where they are all
//! checked again: nothing about the form is remembered, and nothing in it is trusted. A program posts the same
//! parameters without the page, and gets JSON.

mod accept;
mod page;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY},
};

use crate::{
    Denial, Outcome, Settings,
    callback_url::Callback,
    http::{
        params::Params,
        response::{self, Refusal},
    },
    pkce::Challenge,
    service::State,
    state::grant::{self, Code, Grant},
};

/// What the page is asked for.
pub(crate) struct Ask {
    /// Where to send the browser; without it, the page shows the code.
    pub(crate) callback: Option<Callback>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) label: Option<String>,
    pub(crate) workspace: Option<String>,
    pub(crate) state: Option<String>,
}

/// The parameters the form carries along unseen. `limit` is a field of its own.
pub(crate) const CARRIED: [&str; 7] = [
    "code_challenge",
    "code_challenge_method",
    "callback_url",
    "key_label",
    "state",
    "workspace_id",
    "required_workspace_id",
];

/// What a decision comes to, before it is a page or JSON.
enum Decided<'a> {
    Outcome(Outcome),
    /// The application's mistake.
    Invalid(String),
    /// The user's mistake: what they filled in as the limit is not one.
    InvalidLimit {
        ask: Ask,
        params: Params<'a>,
        why: &'static str,
    },
}

pub(crate) fn answer(state: &mut State, request: &Request<Bytes>) -> Response<Bytes> {
    if request.method() != Method::POST {
        let query = request.uri().query().unwrap_or_default();
        return show(&state.settings, query.as_bytes()).unwrap_or_else(|why| page::refusal(&why));
    }
    let decided = decide(state, request.body()).unwrap_or_else(Decided::Invalid);
    if accept::prefers_json(request.headers()) { decided.into_json() } else { decided.into_page() }
}

/// The page that asks.
fn show(settings: &Settings, query: &[u8]) -> Result<Response<Bytes>, String> {
    let params = Params::parse(query)?;
    let ask = Ask::read(&params, settings)?;
    read_limit(&params)?;
    Ok(page::ask(&ask, &params))
}

fn decide<'a>(state: &mut State, form: &'a [u8]) -> Result<Decided<'a>, String> {
    let params = Params::parse(form)?;
    let ask = Ask::read(&params, &state.settings)?;
    let outcome = match params.get("decision") {
        Some("approve") => match read_limit(&params) {
            Ok(limit) => approve(state, ask, limit),
            Err(why) => return Ok(Decided::InvalidLimit { ask, params, why }),
        },
        Some("deny") => deny(state, &ask),
        _ => return Err("Invalid decision: approve or deny is expected".to_owned()),
    };
    Ok(Decided::Outcome(outcome))
}

impl Decided<'_> {
    fn into_page(self) -> Response<Bytes> {
        match self {
            Self::Outcome(Outcome::Redirected(url)) => redirect(&url),
            Self::Outcome(Outcome::Code(code)) => page::code(&code),
            Self::Outcome(Outcome::Denied) => page::denied(),
            Self::Invalid(why) => page::refusal(&why),
            Self::InvalidLimit { ask, params, .. } => page::ask_again(&ask, &params),
        }
    }

    /// With the URL of a redirect in the body: a client that followed the redirect would not see it.
    fn into_json(self) -> Response<Bytes> {
        match self {
            Self::Outcome(outcome) => response::json(StatusCode::OK, &outcome.to_json()),
            Self::Invalid(why) => Refusal::bad_request(why).into(),
            Self::InvalidLimit { why, .. } => Refusal::bad_request(why).into(),
        }
    }
}

impl Ask {
    fn read(params: &Params<'_>, settings: &Settings) -> Result<Self, &'static str> {
        let callback = params.get("callback_url").map(|url| Callback::parse(url, settings)).transpose()?;
        let challenge = Challenge::read(params.get("code_challenge"), params.get("code_challenge_method"))?;
        if callback.is_none() && challenge.is_none() {
            return Err("Invalid code_challenge: without a callback_url it is required");
        }
        let label = params.get("key_label");
        label.map_or(Ok(()), grant::check_label)?;
        let [proposed, required] = ["workspace_id", "required_workspace_id"].map(|name| params.get(name));
        for workspace in [proposed, required] {
            workspace.map_or(Ok(()), grant::check_workspace)?;
        }
        Ok(Self {
            callback,
            challenge,
            label: label.map(str::to_owned),
            // With both, the one that allows no other counts: inferred.
            workspace: required.or(proposed).map(str::to_owned),
            state: params.get("state").map(str::to_owned),
        })
    }

    /// What a user knows the application by.
    pub(crate) fn title(&self) -> &str {
        self.callback.as_ref().map_or("An application on your computer", Callback::title)
    }
}

/// US dollars.
fn read_limit(params: &Params<'_>) -> Result<Option<f64>, &'static str> {
    let Some(text) = params.get("limit") else {
        return Ok(None);
    };
    let limit = text.trim().parse().unwrap_or(f64::NAN);
    grant::check_limit(limit).map(|()| Some(limit))
}

fn approve(state: &mut State, ask: Ask, limit: Option<f64>) -> Outcome {
    let label = ask.label.clone().unwrap_or_else(|| ask.title().to_owned());
    let code = state.issue_code(Code {
        issued_at: state.clock.now(),
        challenge: ask.challenge,
        grant: Grant { label: Some(label), limit, workspace: ask.workspace, ..Grant::default() },
    });
    let Some(callback) = ask.callback else {
        return Outcome::Code(code);
    };
    let mut parameters = vec![("code", code.as_str())];
    parameters.extend(echo(&state.settings, ask.state.as_deref()));
    Outcome::Redirected(callback.with(&parameters))
}

fn deny(state: &State, ask: &Ask) -> Outcome {
    match (&ask.callback, state.settings.denial) {
        (Some(callback), Denial::Redirect) => {
            let mut parameters =
                vec![("error", "access_denied"), ("error_description", "The user denied the request")];
            parameters.extend(echo(&state.settings, ask.state.as_deref()));
            Outcome::Redirected(callback.with(&parameters))
        }
        (None, _) | (_, Denial::Silent) => Outcome::Denied,
    }
}

fn echo<'a>(settings: &Settings, state: Option<&'a str>) -> Option<(&'static str, &'a str)> {
    state.filter(|_| settings.state_echo).map(|state| ("state", state))
}

/// 303, so that the browser comes to the callback with a GET (RFC 9110 section 15.4.4).
fn redirect(url: &str) -> Response<Bytes> {
    // A callback is visible ASCII and its parameters are encoded, so this is always a header value.
    let Ok(location) = HeaderValue::from_str(url) else {
        return page::refusal("Invalid callback_url");
    };
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The page's URL holds the challenge and the state: not the callback's business.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
