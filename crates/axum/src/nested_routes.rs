//! The error of routes that are nested by mistake.

use std::{error::Error, fmt};

use axum::{
    extract::{NestedPath, Request},
    response::{IntoResponse, Response},
};
use http::StatusCode;

/// The error of the routes of [`router`](crate::SignInRouter::router) inside [`axum::Router::nest`]. OpenRouter would
/// redirect the browser to the mount, where nobody serves the callback.
///
/// It is a response with the status 500 and this text, and has the error in its extensions.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NestedRoutes;

impl NestedRoutes {
    pub(crate) fn check(request: &Request) -> Result<(), Self> {
        if request.extensions().get::<NestedPath>().is_some() { Err(Self) } else { Ok(()) }
    }
}

impl fmt::Display for NestedRoutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the routes of `router` are nested; use `nested_router` instead")
    }
}

impl Error for NestedRoutes {}

impl IntoResponse for NestedRoutes {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}
