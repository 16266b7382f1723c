//! The frame of all pages, and the pages without a user.

use axum::response::{Html, IntoResponse, Response};
use http::{
    StatusCode,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE},
};

/// The form to log in.
pub(crate) fn log_in(status: StatusCode, problem: Option<&str>) -> Response {
    let problem = problem.map(|problem| format!("<p id=problem role=alert>{}</p>", escape(problem)));
    let form = r#"<form method=post action=/login>
<label for=name>Name</label>
<input id=name name=name required maxlength=64 autocomplete=username>
<label for=passphrase>Passphrase</label>
<input id=passphrase name=passphrase type=password required minlength=8 maxlength=256 autocomplete=current-password>
<button id=log-in>Log in</button>
<button id=create-account formaction=/create-account>Create account</button>
</form>"#;
    page(status, "Log in", &[&problem.unwrap_or_default(), form].concat())
}

/// A page with nothing but a problem, and the address of the next page.
pub(crate) fn problem(status: StatusCode, problem: &str, next: &str) -> Response {
    problem_with(status, problem, next, "")
}

/// A page with a problem, and HTML about it.
pub(crate) fn problem_with(status: StatusCode, problem: &str, next: &str, html: &str) -> Response {
    let (problem, next) = (escape(problem), escape(next));
    let body = format!("<p id=problem role=alert>{problem}</p>{html}<p><a href=\"{next}\">Continue</a></p>");
    page(status, "Problem", &body)
}

/// Replaces errors without a page, such as axum's own for unknown paths and bad forms.
pub(crate) async fn instead_of_text(mut response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let content_type = response.headers().get(CONTENT_TYPE);
    if !is_error || content_type.is_some_and(|text| !text.as_bytes().starts_with(b"text/plain")) {
        return response;
    }
    let text = match status {
        StatusCode::NOT_FOUND => "There is no such page.",
        _ if status.is_client_error() => "The request cannot be used. Go back, and try again.",
        _ => "Something went wrong. Please try again later.",
    };
    let page = problem(status, text, "/");
    // The body's own headers; others, such as cookies, stay.
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().extend(page.headers().clone());
    *response.body_mut() = page.into_body();
    response
}

/// `GET /style.css`
pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css"), (CACHE_CONTROL, "max-age=3600")], include_str!("style.css"))
}

/// Returns a form that is only a button.
pub(crate) fn button(action: &str, id: &str, text: &str) -> String {
    format!("<form method=post action=\"{action}\"><button id={id}>{text}</button></form>")
}

/// Returns a page. The body is HTML.
pub(crate) fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width, initial-scale=1\">\
         <link rel=stylesheet href=/style.css><title>{title}</title><main><h1>{title}</h1>{body}</main></html>"
    );
    (status, Html(html)).into_response()
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
