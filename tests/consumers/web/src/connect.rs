//! Connecting OpenRouter: the sign-in whose result is a key.

use axum::{
    Router,
    extract::State,
    middleware::map_response,
    response::{Response, Result},
};
use http::StatusCode;
use openrouter_oauth::{ApiKey, KeyLinks};
use openrouter_oauth_axum::{
    BeginError, Callback, CookieKeys, OneProcessClaims, RedisClaims, SignIn, SignInRouter,
};

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

/// Stores the new key. The user was loaded before the code was sent, because `User` comes before `Callback`.
async fn connected(user: User, State(app): State<App>, callback: Callback) -> Result<http::Response<String>> {
    // The process does not end before this.
    let _running = app.callbacks.token();
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
