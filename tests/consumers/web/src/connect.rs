//! Connecting OpenRouter: the sign-in whose result is a key.

use std::convert::Infallible;

use axum::{
    Router,
    extract::{FromRequestParts, State},
    middleware::map_response,
    response::{Response, Result},
};
use http::{StatusCode, request::Parts};
use openrouter_oauth::{ApiKey, KeyLinks};
use openrouter_oauth_axum::{
    BeginError, Callback, CookieKeys, OneProcessClaims, RedisClaims, SignIn, SignInRouter,
};
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::{
    app::App,
    error::AppError,
    page,
    settings::{InvalidSetting, invalid},
    stored_key,
    users::User,
};

/// The name of the keys in the users' lists of keys at OpenRouter.
const KEY_LABEL: &str = "example web app";

/// Returns the routes of the sign-in, under `/openrouter`.
pub(crate) fn routes(
    app: &App,
    keys: CookieKeys,
    redis_url: Option<&str>,
) -> std::result::Result<Router<App>, InvalidSetting> {
    let (client, origin) = (app.client.clone(), app.origin.clone());
    // Each callback with a new attempt takes a claim for over an hour. One user can take all of them, or the memory of
    // Redis, and then nobody can connect. An application for the public must limit the callbacks of each user.
    let builder = match redis_url {
        Some(url) => {
            let claims = RedisClaims::open(url).map_err(invalid("REDIS_URL"))?;
            SignIn::builder(client, origin, keys, claims)
        }
        None => SignIn::builder(client, origin, keys, OneProcessClaims::new(10_000)),
    };
    let sign_in = builder.key_label(KEY_LABEL).build().map_err(invalid("ORIGIN or COOKIE_KEYS"))?;
    Ok(sign_in.router::<User, _, _>(connected).layer(map_response(log_begin_error)))
}

/// A callback, for which the process waits before it ends. It is the first extractor, because the others take time, and
/// meanwhile the browser may go away and the process may be asked to end.
struct Running {
    _token: TaskTrackerToken,
}

impl FromRequestParts<App> for Running {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, app: &App) -> std::result::Result<Self, Infallible> {
        Ok(Self { _token: app.callbacks.token() })
    }
}

/// Stores the new key. The user was loaded before the code was sent, because `User` comes before `Callback`.
async fn connected(
    _running: Running,
    user: User,
    State(app): State<App>,
    callback: Callback,
) -> Result<http::Response<String>> {
    let finished = callback.finish(&user).await;
    let connected =
        finished.inspect_err(|end| tracing::info!(reason = %end, error = end.error(), "no key"))?;
    let key = connected.key();
    stored_key::store(&app, &user, key).await.map_err(|error| not_stored(&error, key))?;
    Ok(connected.done().await)
}

/// The key is probably lost here, but its owner can delete it.
fn not_stored(error: &AppError, key: &ApiKey) -> Response {
    error.log();
    let links = KeyLinks::new(key);
    // The link identifies the key, and does not reveal it.
    tracing::error!(key = links.settings(), "a new key may not have been stored");
    let text = "OpenRouter created a key, but it may not have been stored here. Delete that key, and connect again later.";
    let link =
        format!("<p><a id=key-settings href=\"{}\">Delete the key</a></p>", page::escape(links.settings()));
    page::problem_with(StatusCode::INTERNAL_SERVER_ERROR, text, "/", &link)
}

async fn log_begin_error(response: Response) -> Response {
    if let Some(error) = response.extensions().get::<BeginError>() {
        tracing::info!(error = error as &(dyn std::error::Error + 'static), "a sign-in did not begin");
    }
    response
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::Arc,
        task::{Context, Waker},
    };

    use axum::{body::Body, extract::Request, handler::Handler};
    use openrouter_oauth::{Client, Origin};
    use openrouter_oauth_axum::VaultKeys;
    use tokio_util::task::TaskTracker;
    use tower_sessions::{Session, session::Id};
    use tower_sessions_sqlx_store::SqliteStore;

    use super::*;
    use crate::database::Database;

    #[tokio::test]
    async fn process_waits_while_a_callback_loads_its_user() {
        let database = Database::connect(None).await.unwrap();
        let Database::Sqlite(pool) = &database else { unreachable!() };
        let session = Session::new(Some(Id::default()), Arc::new(SqliteStore::new(pool.clone())), None);
        // Now the session cannot be loaded.
        let _only_connection = pool.acquire().await.unwrap();
        let app = App {
            client: Client::new(),
            database: database.clone(),
            vault: Arc::new(VaultKeys::new([1; 32])),
            origin: Origin::parse("https://my.app").unwrap(),
            callbacks: TaskTracker::new(),
        };
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(session);
        let mut callback = pin!(connected.call(request, app.clone()));
        assert!(callback.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(app.callbacks.len(), 1);
    }
}
