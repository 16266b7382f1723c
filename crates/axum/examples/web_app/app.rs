//! The application around the sign-in: its users, a column for their keys, an error type, and a page with the form.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use openrouter_oauth::{ApiKey, Client};
use openrouter_oauth_axum::{SealedKey, VaultKeys};
use tower_sessions::{Session, session::Id};

/// The logged-in user.
pub(crate) struct User {
    pub(crate) id: String,
}

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let session = Session::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        match session.get("user_id").await {
            Ok(Some(id)) => Ok(Self { id }),
            Ok(None) => Err(Redirect::to("/login").into_response()),
            // The store of sessions is down. Nothing is lost: the user can reload a callback.
            Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE.into_response()),
        }
    }
}

pub(crate) async fn log_in_page() -> Html<&'static str> {
    Html("<!doctype html>\n<title>my app</title>\n<form method=\"post\"><button>Log in</button></form>\n")
}

/// Stands for the application's own login. A real one checks a passphrase, and then stores the ID of that user.
pub(crate) async fn log_in(session: Session) -> Result<Redirect, AppError> {
    // A new session ID, so that a session that somebody planted before does not become the user's.
    session.cycle_id().await?;
    session.insert("user_id", Id::default().to_string()).await?;
    Ok(Redirect::to("/"))
}

/// The state of the application.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) client: Client,
    pub(crate) vault: Arc<VaultKeys>,
    /// Stands for a table with the columns `user_id` and `sealed_key`.
    sealed_keys: Arc<Mutex<HashMap<String, String>>>,
}

impl App {
    pub(crate) fn new(client: Client, vault: VaultKeys) -> Self {
        Self { client, vault: Arc::new(vault), sealed_keys: Arc::default() }
    }

    pub(crate) fn store_key(&self, user: &str, sealed: &str) {
        let mut keys = self.sealed_keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(user.to_owned(), sealed.to_owned());
    }

    /// Returns the user's key, if they connected OpenRouter.
    fn key(&self, user: &str) -> Result<Option<ApiKey>, AppError> {
        let sealed = self.sealed_keys.lock().unwrap_or_else(PoisonError::into_inner).get(user).cloned();
        sealed.map(|text| Ok(SealedKey::parse(&text)?.open(&self.vault, user)?)).transpose()
    }
}

/// An error of the application. The log has the details, and the response has none.
pub(crate) struct AppError(Box<dyn Error + Send + Sync>);

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        eprintln!("error: {}", self.0);
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// The page of a logged-in user. It always has the form, because a new key replaces one that no longer works.
pub(crate) async fn home(user: User, State(app): State<App>) -> Html<String> {
    let status = status(&app, &user).await.unwrap_or_else(|AppError(error)| {
        eprintln!("error: {error}");
        "The key cannot be checked right now.".to_owned()
    });
    let form =
        r#"<form method="post" action="/openrouter?return_to=/"><button>Connect OpenRouter</button></form>"#;
    Html(format!("<!doctype html>\n<html lang=\"en\">\n<title>my app</title>\n<p>{status}\n{form}\n"))
}

async fn status(app: &App, user: &User) -> Result<String, AppError> {
    let Some(key) = app.key(&user.id)? else { return Ok("OpenRouter is not connected.".to_owned()) };
    match app.client.with_key(key).current_key().await {
        Ok(key) => {
            Ok(format!("OpenRouter is connected. You have used ${:.2}.", key.usage.unwrap_or_default()))
        }
        Err(error) if error.is_unauthorized() => Ok("OpenRouter rejected the key. Connect again.".to_owned()),
        Err(error) => Err(error.into()),
    }
}
