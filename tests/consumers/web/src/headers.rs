//! The headers of all responses.

use axum::{extract::State, response::Response};
use http::{
    HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
        X_CONTENT_TYPE_OPTIONS,
    },
};

use crate::{app::App, error::AppError};

/// Adds what the response does not have. The pages of the sign-in have their own headers.
pub(crate) async fn add(State(app): State<App>, mut response: Response) -> Result<Response, AppError> {
    let openrouter = app.client.origin();
    // Browsers apply `form-action` also to the redirects after the form, and OpenRouter decides where those lead.
    let emulator = if openrouter.is_https() { "" } else { openrouter.as_str() };
    let policy = format!(
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self' https: {emulator}"
    );
    let headers = response.headers_mut();
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::try_from(policy)?);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    // With `no-referrer`, browsers would send `Origin: null` from the forms.
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    if app.origin.is_https() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
    Ok(response)
}
