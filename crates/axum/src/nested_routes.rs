//! The check that the routes of `router` are not nested.

use axum::extract::{NestedPath, Request};
use http::StatusCode;

/// The response to a request of routes that are nested by mistake.
pub(crate) type NestedRoutes = (StatusCode, &'static str);

/// Rejects a request of the routes of [`router`](crate::SignInRouter::router) inside [`axum::Router::nest`]. OpenRouter
/// would redirect the browser to the mount, where no route serves the callback.
pub(crate) fn reject_nested(request: &Request) -> Result<(), NestedRoutes> {
    if request.extensions().get::<NestedPath>().is_none() {
        return Ok(());
    }
    let text = "the routes of `router` are nested; use `nested_router` instead";
    Err((StatusCode::INTERNAL_SERVER_ERROR, text))
}
