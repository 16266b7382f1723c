//! The routes under the mount.

use http::{Method, Response, StatusCode, request::Parts};

use crate::{
    cookie::attempt::AttemptId,
    page::{Page, action::PageAction, kind::PageKind},
    response::{self, BEGIN_METHODS, CALLBACK_METHODS, wrong_method},
    settings::Settings,
    sign_in::SignIn,
};

/// What an adapter for a framework does with a request under the mount.
#[expect(clippy::exhaustive_enums, reason = "an adapter that misses a new route must not compile")]
#[derive(Debug)]
pub enum Route {
    /// Call [`SignIn::begin`].
    Begin,
    /// Call [`SignIn::callback`], then [`Callback::finish`](crate::Callback::finish).
    Callback,
    /// Return this response: 404 or 405.
    Other(Box<Response<String>>),
}

impl SignIn {
    /// Returns what to do with a request. Nested routers and proxies may strip the beginning of the mount from its path,
    /// so every end of the mount is accepted: with `/team/openrouter`, also `/openrouter`, `/`, and an empty path.
    pub fn route(&self, parts: &Parts) -> Route {
        let settings = &*self.settings;
        let path = parts.uri.path();
        let is_callback = callback_prefix(path).is_some_and(|prefix| is_end_of(settings, prefix));
        let allowed: &[Method] = match (is_callback, is_end_of(settings, path)) {
            (true, _) => &[Method::GET],
            (false, true) => &[Method::GET, Method::HEAD, Method::POST],
            (false, false) => return Route::Other(Box::new(not_found(settings))),
        };
        match (allowed.contains(&parts.method), is_callback) {
            (true, true) => Route::Callback,
            (true, false) => Route::Begin,
            (false, true) => Route::Other(Box::new(wrong_method(settings, CALLBACK_METHODS))),
            (false, false) => Route::Other(Box::new(wrong_method(settings, BEGIN_METHODS))),
        }
    }
}

/// Returns the path of the mount, as far as it is left, if this is the path of a callback.
fn callback_prefix(path: &str) -> Option<&str> {
    let (rest, attempt_id) = path.rsplit_once('/')?;
    AttemptId::parse(attempt_id)?;
    rest.strip_suffix("/callback")
}

/// Returns whether `path` is the mount, or its last segments.
fn is_end_of(settings: &Settings, path: &str) -> bool {
    matches!(path, "" | "/") || (path.starts_with('/') && settings.jar.mount.ends_with(path))
}

fn not_found(settings: &Settings) -> Response<String> {
    let begin = settings.begin_url(None);
    let page = Page::new(PageKind::NotFound, PageAction::StartAgain(&begin));
    response::page(settings, StatusCode::NOT_FOUND, &page)
}
