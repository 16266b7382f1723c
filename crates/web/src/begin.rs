//! The beginning of a sign-in: from the user's click to the redirect to OpenRouter.

mod error;

use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{ORIGIN, SET_COOKIE},
    request::Parts,
};
use openrouter_oauth::{Authorize, CallbackUrl, PendingSignIn};

pub use self::error::BeginError;

use crate::{
    cookie::{
        attempt::AttemptId,
        content::Pending,
        jar::{Carried, MAX_CARRIED, Stored},
    },
    page::{Page, action::PageAction, kind::PageKind},
    response::{self, BEGIN_METHODS},
    return_to::ReturnTo,
    settings::{Settings, begin_query},
    sign_in::SignIn,
    subject::Subject,
};

/// How many attempts of a browser stay open at once.
const MAX_ATTEMPTS: usize = 5;

/// How many cookies one response removes. Proxies limit the headers of a response to a few KiB. The rest go next time.
const MAX_REMOVED: usize = 16;

const MAX_DATA: usize = 256;

impl SignIn {
    /// Responds to a request for the mount.
    ///
    /// A `POST` whose `Origin` is the application's begins a sign-in for `subject`, and redirects the browser to
    /// OpenRouter. `GET` and `HEAD` get a page with a button, and no cookie. So does a `POST` without an `Origin`, or with
    /// `null`, with the status 403. A `POST` of another origin, such as `www.my.app` instead of `my.app`, gets a page with
    /// a link to the application's.
    ///
    /// * `return_to` is the path and query of the page to return to, `/` if `None`: at most 406 bytes with one leading
    ///   slash, in the characters of RFC 3986, without a fragment, `.`, or `..`, and not under the mount.
    ///   [`return_to`](Self::return_to) reads it from the query.
    /// * `data` is the application's own, at most 256 bytes. [`Connected::data`](crate::Connected::data) returns it.
    ///   The link "Start again" of a page leads to the mount, where the adapter may begin without data.
    ///
    /// Together, `return_to` and `data` have at most 406 bytes, so that the cookie has at most 768. Each attempt has its
    /// own cookie, and the five newest attempts of a browser stay open.
    ///
    /// If the sign-in cannot begin, the response has a [`BeginError`] in its extensions.
    pub fn begin<S: Subject + ?Sized>(
        &self,
        parts: &Parts,
        subject: &S,
        return_to: Option<&str>,
        data: &[u8],
    ) -> Response<String> {
        let settings = &*self.settings;
        match parts.method {
            Method::POST if has_origin(&parts.headers, settings.jar.origin.as_str()) => {
                let begun = begin(settings, &parts.headers, &subject.subject(), return_to, data);
                begun.unwrap_or_else(|error| error_page(settings, error, None))
            }
            Method::POST => foreign_origin(settings, &parts.headers, return_to),
            Method::GET | Method::HEAD => button(settings, StatusCode::OK, return_to),
            _ => response::wrong_method(settings, BEGIN_METHODS),
        }
    }

    /// Returns the parameter `return_to` of a request's query, decoded. [`begin`](Self::begin) checks it.
    pub fn return_to(parts: &Parts) -> Option<String> {
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        form_urlencoded::parse(query)
            .find(|(name, _)| name == "return_to")
            .map(|(_, value)| value.into_owned())
    }
}

/// Returns whether the one `Origin` header is the application's. Browsers send it with every `POST`, and a page cannot
/// change it.
fn has_origin(headers: &HeaderMap, origin: &str) -> bool {
    let mut origins = headers.get_all(ORIGIN).into_iter();
    origins.next().is_some_and(|value| value == origin) && origins.next().is_none()
}

fn begin(
    settings: &Settings,
    headers: &HeaderMap,
    subject: &str,
    return_to: Option<&str>,
    data: &[u8],
) -> Result<Response<String>, BeginError> {
    if subject.is_empty() {
        return Err(BeginError::EmptySubject);
    }
    let return_to = return_to.map_or_else(
        || Ok(ReturnTo::root()),
        |text| ReturnTo::parse(text, &settings.jar.mount).ok_or(BeginError::InvalidReturnTo),
    )?;
    if data.len() > MAX_DATA {
        return Err(BeginError::DataTooLong);
    }
    if data.len() + return_to.as_str().len() > MAX_CARRIED {
        return Err(BeginError::TooLong);
    }
    let (url, sign_in) = authorize(settings).begin()?;
    let cookie = seal(settings, sign_in, subject, return_to, data)?;
    let mut response = response::redirect(url.as_str());
    response.headers_mut().insert(SET_COOKIE, cookie);
    for attempt in surplus(settings, headers) {
        let removal = settings.jar.expire(attempt).map_err(BeginError::seal)?;
        response.headers_mut().append(SET_COOKIE, removal);
    }
    Ok(response)
}

fn authorize(settings: &Settings) -> Authorize<CallbackUrl> {
    let proposal = &settings.proposal;
    let mut authorize = settings.client.authorize(settings.callback_url.clone());
    if let Some(label) = &proposal.key_label {
        authorize = authorize.key_label(label.clone());
    }
    if let Some(limit) = proposal.limit {
        authorize = authorize.limit(limit);
    }
    if let Some(workspace) = &proposal.workspace_id {
        authorize = authorize.workspace_id(workspace.clone());
    }
    if let Some(workspace) = &proposal.required_workspace_id {
        authorize = authorize.required_workspace_id(workspace.clone());
    }
    authorize
}

fn seal(
    settings: &Settings,
    sign_in: PendingSignIn,
    subject: &str,
    return_to: ReturnTo,
    data: &[u8],
) -> Result<HeaderValue, BeginError> {
    let mut parts = sign_in.into_secret_parts()?;
    parts.begun_at = settings.now();
    let subject = settings.jar.keys.ring().hash(subject);
    let pending = Pending { parts, subject, return_to, data: data.to_vec() };
    settings.jar.seal_pending(&pending).map_err(BeginError::seal)
}

/// Returns the attempts to remove, so that a new one has room: first those whose cookies cannot be opened, then those that
/// have ended, then the oldest.
fn surplus<'a>(settings: &Settings, headers: &'a HeaderMap) -> Vec<AttemptId<'a>> {
    let jar = &settings.jar;
    let rank = |carried: &Carried<'_>| match carried.value.and_then(|value| jar.open(carried.attempt, value))
    {
        None => (0, None),
        Some(Stored::Ended(ended)) => (1, Some(ended.at)),
        Some(Stored::Pending(pending)) => (2, Some(pending.parts.begun_at)),
    };
    let mut carried = jar.carried(headers);
    carried.sort_by_cached_key(rank);
    carried.truncate((carried.len() + 1).saturating_sub(MAX_ATTEMPTS).min(MAX_REMOVED));
    carried.into_iter().map(|carried| carried.attempt).collect()
}

/// Returns the page with the button. It keeps a valid `return_to`.
fn button(settings: &Settings, status: StatusCode, return_to: Option<&str>) -> Response<String> {
    let return_to = valid(settings, return_to);
    // Relative, because a proxy or a nested router may have stripped the beginning of the path.
    let query = begin_query(return_to.as_ref());
    let url = if query.is_empty() { "?" } else { &query };
    response::page(settings, status, &Page::new(PageKind::Begin, PageAction::Post(url)))
}

/// Responds to a `POST` that did not come from a page of the application's origin.
fn foreign_origin(settings: &Settings, headers: &HeaderMap, return_to: Option<&str>) -> Response<String> {
    // A button on this page would send the same wrong origin again.
    if headers.get(ORIGIN).is_some_and(|origin| origin != "null") {
        return error_page(settings, BeginError::ForeignOrigin, valid(settings, return_to).as_ref());
    }
    // The page before had the policy `no-referrer`. The one with the button does not.
    let mut response = button(settings, StatusCode::FORBIDDEN, return_to);
    response.extensions_mut().insert(BeginError::ForeignOrigin);
    response
}

fn valid(settings: &Settings, return_to: Option<&str>) -> Option<ReturnTo> {
    return_to.and_then(|text| ReturnTo::parse(text, &settings.jar.mount))
}

fn error_page(settings: &Settings, error: BeginError, return_to: Option<&ReturnTo>) -> Response<String> {
    let url = settings.begin_url(return_to);
    let page = Page::new(PageKind::CannotBegin, PageAction::StartAgain(&url));
    let mut response = response::page(settings, error.status(), &page);
    response.extensions_mut().insert(error);
    response
}
