//! The session of a logged-in user, in the application's database.

use std::{borrow::Cow, time::Duration};

use axum::{
    Router,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Redirect, Response},
};
use http::request::Parts;
use openrouter_oauth_axum::Subject;
use tower_sessions::{
    ExpiredDeletion, Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::{SameSite, time},
    session,
};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use crate::{
    app::App,
    database::Database,
    error::AppError,
    users::{self, User},
};

impl Subject for User {
    fn subject(&self) -> Cow<'_, str> {
        self.id.as_str().into()
    }
}

/// Where a request without a session leads.
const SESSION_ENDED: &str = "/?session=ended";

impl OptionalFromRequestParts<App> for User {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Response> {
        let session = Session::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        logged_in(&session, app).await.map_err(IntoResponse::into_response)
    }
}

/// Returns the user of the session, unless the user no longer exists.
async fn logged_in(session: &Session, app: &App) -> Result<Option<User>, AppError> {
    match session.get::<String>(USER).await? {
        Some(id) => users::load(&app.database, &id).await,
        None => Ok(None),
    }
}

impl FromRequestParts<App> for User {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let user = <Self as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?;
        // A redirect instead of a page with a form: the router of the sign-in adds `Referrer-Policy: no-referrer`
        // to its responses, and browsers would then send `Origin: null`.
        user.ok_or_else(|| Redirect::to(SESSION_ENDED).into_response())
    }
}

/// Logs the user in, with a new session ID, so that nobody who knew the old one is logged in too.
pub(crate) async fn start(session: &Session, user: &str) -> Result<(), session::Error> {
    session.cycle_id().await?;
    session.insert(USER, user).await?;
    // The layer would do it too late for the caller to see an error.
    session.save().await
}

const USER: &str = "user";

/// Adds sessions to the routes. They end a week after the user logged in: in spite of its name, `OnInactivity` prolongs
/// a session only when it is stored, and only `start` stores it.
pub(crate) fn with_sessions(routes: Router<App>, app: &App) -> Router<App> {
    match &app.database {
        Database::Sqlite(pool) => routes.layer(layer(SqliteStore::new(pool.clone()), app)),
        Database::Postgres(pool) => routes.layer(layer(PostgresStore::new(pool.clone()), app)),
    }
}

fn layer<S>(store: S, app: &App) -> SessionManagerLayer<S>
where
    S: ExpiredDeletion + SessionStore + Clone,
{
    tokio::spawn(delete_expired(store.clone()));
    SessionManagerLayer::new(store)
        .with_name(cookie_name(app))
        .with_secure(app.origin.is_https())
        // Browsers do not send a `Strict` cookie with the callback, which comes from OpenRouter's site.
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(time::Duration::weeks(1)))
}

/// No sibling domain can set a cookie with the prefix, which needs https.
pub(crate) fn cookie_name(app: &App) -> &'static str {
    if app.origin.is_https() { "__Host-session" } else { "session" }
}

async fn delete_expired(store: impl ExpiredDeletion) {
    let mut interval = tokio::time::interval(Duration::from_secs(60 * 60));
    loop {
        interval.tick().await;
        if let Err(error) = store.delete_expired().await {
            tracing::warn!(%error, "cannot delete the sessions that have expired");
        }
    }
}
