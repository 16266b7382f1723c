//! The headers of responses.

use base64ct::{Base64, Encoding};
use http::{
    HeaderValue, Response, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use openrouter_oauth::Origin;
use sha2::{Digest, Sha256};

use crate::{
    page::{Page, action::PageAction, html::STYLE, kind::PageKind},
    settings::Settings,
};

/// Sets the headers that every response of a sign-in has, including those of the application's handler:
/// `Cache-Control: private, no-store`, `Referrer-Policy: no-referrer`, and `X-Content-Type-Options: nosniff`.
///
/// Only our page with the button has `Referrer-Policy: same-origin`, because with `no-referrer`, browsers send
/// `Origin: null` when the user presses it. An extension of the response marks that page, so keep the extensions.
pub fn harden<B>(response: &mut Response<B>) {
    let has_button = response.extensions().get::<HasButton>().is_some();
    let referrer_policy = if has_button { "same-origin" } else { "no-referrer" };
    let headers = response.headers_mut();
    // Each replaces all values: of several referrer policies, browsers use the last.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static(referrer_policy));
}

/// Marks the page with the button.
#[derive(Clone)]
struct HasButton;

/// Returns the policy of our pages.
///
/// Browsers also apply `form-action` to redirects, and the form's leads to the service, and from there to pages that we
/// do not know. So any https page is allowed.
pub(crate) fn content_security_policy(service: &Origin, has_own_pages: bool) -> HeaderValue {
    let style = Base64::encode_string(&Sha256::digest(STYLE));
    let sources = if has_own_pages {
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'"
            .to_owned()
    } else {
        format!("default-src 'none'; style-src 'sha256-{style}'")
    };
    let http_service = if service.is_https() { "" } else { service.as_str() };
    let policy = format!(
        "{sources}; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https: {http_service}"
    );
    HeaderValue::try_from(policy.trim_end())
        .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
}

/// Returns a response with a page.
pub(crate) fn page(settings: &Settings, status: StatusCode, page: &Page<'_>) -> Response<String> {
    let mut response = Response::new(match &settings.pages {
        Some(render) => render(page),
        None => page.to_html(),
    });
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, settings.content_security_policy.clone());
    if let Some(wait) = page.retry_after() {
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        headers.insert(RETRY_AFTER, seconds.max(1).into());
    }
    if let PageKind::Begin = page.kind() {
        response.extensions_mut().insert(HasButton);
    }
    harden(&mut response);
    response
}

/// Returns a redirect (303) to an absolute URL.
pub(crate) fn redirect(url: &str) -> Response<String> {
    let mut response = Response::new(String::new());
    match HeaderValue::try_from(url) {
        Ok(mut location) => {
            // It may contain the `state`.
            location.set_sensitive(true);
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert(LOCATION, location);
        }
        // Every part of the URL was checked, so this does not happen.
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    harden(&mut response);
    response
}

/// The methods of the page with the button.
pub(crate) const BEGIN_METHODS: &str = "GET, HEAD, POST";

/// The method of a callback.
pub(crate) const CALLBACK_METHODS: &str = "GET";

/// Returns a 405 for a request whose method is not one of `methods`.
pub(crate) fn wrong_method(settings: &Settings, methods: &'static str) -> Response<String> {
    let content = Page::new(PageKind::WrongMethod, PageAction::Nothing);
    let mut response = page(settings, StatusCode::METHOD_NOT_ALLOWED, &content);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_may_lead_to_a_service_on_http() {
        let policy = |service: &str| {
            let policy = content_security_policy(&Origin::parse(service).unwrap(), false);
            policy.to_str().unwrap().split("form-action ").nth(1).unwrap().to_owned()
        };
        assert_eq!(policy("https://openrouter.ai"), "'self' https:");
        assert_eq!(policy("http://127.0.0.1:8080"), "'self' https: http://127.0.0.1:8080");
    }
}
