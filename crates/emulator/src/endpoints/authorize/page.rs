//! The pages that a user sees. They work without JavaScript, on phones, and in light and dark mode.

use std::fmt::{self, Write as _};

use base64ct::{Base64, Encoding};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use sha2::{Digest, Sha256};

use super::request::{AuthorizationRequest, HIDDEN_FIELDS};
use crate::{
    callback_url::CallbackUrl,
    http::{params::Params, response},
};

const STYLE: &str = include_str!("page.css");

/// Shows the page where a user authorizes or denies.
pub(super) fn consent(request: &AuthorizationRequest, params: &Params<'_>) -> Response<Bytes> {
    document(StatusCode::OK, "Authorize", &form(request, params, ""))
}

/// Shows the page again, after the user entered an invalid limit.
pub(super) fn consent_after_invalid_limit(
    request: &AuthorizationRequest,
    params: &Params<'_>,
) -> Response<Bytes> {
    let alert = "<p role=\"alert\">The limit must be a number of US dollars, such as 5 or 5.50.</p>\n";
    document(StatusCode::BAD_REQUEST, "Authorize", &form(request, params, alert))
}

/// Describes the request, with a form to decide on it; `alert` is HTML.
fn form(request: &AuthorizationRequest, params: &Params<'_>, alert: &str) -> String {
    let app_name = Escaped(request.app_name());
    let callback = Escaped(
        request.callback_url.as_ref().map_or("none; the next page shows a code to copy", CallbackUrl::as_str),
    );
    let optional = |name, value: &Option<String>| {
        value
            .as_deref()
            .map_or(String::new(), |value| format!("<dt>{name}</dt><dd>{}</dd>\n", Escaped(value)))
    };
    let label = optional("Key name", &request.label);
    let workspace = optional("Workspace", &request.workspace);
    let hidden = hidden_fields(params);
    let limit = Escaped(params.get("limit").unwrap_or_default());
    format!(
        "<h1>{app_name} asks for an API key</h1>\n\
         <dl>\n\
         <dt>Callback URL</dt><dd>{callback}</dd>\n\
         {label}\
         {workspace}\
         </dl>\n\
         <form method=\"post\" action=\"/auth\">\n\
         {hidden}\
         {alert}\
         <label>Credit limit in US dollars (optional)\n\
         <input name=\"limit\" inputmode=\"decimal\" autocomplete=\"off\" value=\"{limit}\"></label>\n\
         <button name=\"decision\" value=\"approve\">Authorize</button>\n\
         <button name=\"decision\" value=\"deny\">Deny</button>\n\
         </form>\n"
    )
}

fn hidden_fields(params: &Params<'_>) -> String {
    let mut hidden = String::new();
    for name in HIDDEN_FIELDS {
        if let Some(value) = params.get(name) {
            let value = Escaped(value);
            let _ = writeln!(hidden, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
        }
    }
    hidden
}

/// Shows a code that the user copies into the application.
pub(super) fn code(code: &str) -> Response<Bytes> {
    let main = format!(
        "<h1>Your code</h1>\n\
         <p>Copy it into the application that sent you here. It works once, and expires after ten minutes.</p>\n\
         <code class=\"code\" id=\"code\">{}</code>\n",
        Escaped(code)
    );
    document(StatusCode::OK, "Your code", &main)
}

/// Confirms that the user denied.
pub(super) fn denied() -> Response<Bytes> {
    let main = "<h1>Denied</h1>\n<p>No key was created. You can close this page.</p>\n";
    document(StatusCode::OK, "Denied", main)
}

/// Shows why a request is invalid.
pub(super) fn rejection(why: &str) -> Response<Bytes> {
    let main = format!(
        "<h1>This request cannot be authorized</h1>\n<p>{}.</p>\n\
         <p>The application that sent you here made a mistake. Nothing was granted.</p>\n",
        Escaped(why)
    );
    document(StatusCode::BAD_REQUEST, "Invalid request", &main)
}

fn document(status: StatusCode, title: &str, main: &str) -> Response<Bytes> {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} (emulator)</title>\n<style>{STYLE}</style>\n\
         <main>\n{main}</main>\n\
         <small>This is an emulator of OpenRouter. Its keys work nowhere else.</small>\n</html>\n"
    );
    let mut response = response::html(status, html);
    let headers = response.headers_mut();
    let digest = Base64::encode_string(&Sha256::digest(STYLE));
    // No `form-action`: browsers also apply it to the redirect that follows the form, and that redirect goes to the
    // application's callback.
    let policy =
        format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'");
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let fixed: [(HeaderName, &str); 3] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

/// Text that is escaped for HTML text or for a quoted attribute.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            Escaped("<a href=\"x\" b='y'>&").to_string(),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;"
        );
    }
}
