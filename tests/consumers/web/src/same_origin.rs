//! The check that a form was sent by the application's own page (CSRF).

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{StatusCode, header::ORIGIN};

use crate::{app::App, page};

/// Rejects requests of other sites. Browsers send `Origin` with every `POST`.
pub(crate) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN);
    if request.method().is_safe() || origin.is_some_and(|origin| origin == app.origin.as_str()) {
        return next.run(request).await;
    }
    tracing::info!(?origin, expected = app.origin.as_str(), "form of another origin");
    // For example, the address in the browser is http://localhost:3000, and the origin is http://127.0.0.1:3000.
    let problem = format!("The form was not sent by {}. Continue there, and try again.", app.origin);
    page::problem(StatusCode::FORBIDDEN, &problem, app.origin.as_str())
}
