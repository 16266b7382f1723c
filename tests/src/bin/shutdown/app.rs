//! The application around the sign-in. Its only user is Alice.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use openrouter_oauth::Client;
use openrouter_oauth_axum::{VaultKeys, web::SealedKeyError};
use tokio::sync::mpsc::Sender;

pub(crate) struct User {
    pub(crate) id: String,
}

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self { id: "alice".to_owned() })
    }
}

/// The state of the application.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) vault: Arc<VaultKeys>,
    /// `shutdown::serve` waits until the last callback drops its copy.
    _running: Sender<()>,
}

impl App {
    pub(crate) fn new(_: Client, vault: VaultKeys, running: Sender<()>) -> Self {
        Self { vault: Arc::new(vault), _running: running }
    }

    /// Shows the key to the test.
    #[expect(clippy::unused_self, reason = "the sign-in calls it on the state")]
    pub(crate) fn store_key(&self, user: &str, sealed: &str) {
        println!("{user} {sealed}");
    }
}

pub(crate) struct AppError(SealedKeyError);

impl From<SealedKeyError> for AppError {
    fn from(error: SealedKeyError) -> Self {
        Self(error)
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}
