//! The code of `docs/revocation.md`.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header::ORIGIN},
    response::Redirect,
    routing::post,
};
use openrouter_oauth::{ApiKey, Client as OpenRouter, Error, transport_hyper::TokioTimer};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, Fault, User as Approver};
use openrouter_oauth_tests::servers::Postgres;
use tokio_postgres::Client;

use super::{
    super::{App, OLD, User, serve, vault},
    Database, columns, store, with_table,
};
use crate::browser::{APP, Browser};

/// Records the result of a request with the key that `sealed` contains. Returns whether the application forgot the key.
async fn record<T: Sync>(
    database: &Client,
    user: &str,
    sealed: &str,
    result: &Result<T, Error>,
) -> Result<bool, tokio_postgres::Error> {
    const WORKS: &str = "UPDATE openrouter_keys SET rejected_at = NULL
        WHERE user_id = $1 AND sealed_key = $2 AND rejected_at IS NOT NULL";
    const REVOKED: &str = "UPDATE openrouter_keys SET sealed_key = NULL, key_link = NULL, rejected_at = NULL
        WHERE user_id = $1 AND sealed_key = $2 AND rejected_at <= now() - interval '1 minute'";
    const REJECTED: &str = "UPDATE openrouter_keys SET rejected_at = now()
        WHERE user_id = $1 AND sealed_key = $2 AND rejected_at IS NULL";
    match result {
        Ok(_) => database.execute(WORKS, &[&user, &sealed]).await.map(|_| false),
        Err(error) if error.is_unauthorized() => {
            let is_forgotten = database.execute(REVOKED, &[&user, &sealed]).await? > 0;
            if !is_forgotten {
                database.execute(REJECTED, &[&user, &sealed]).await?;
            }
            Ok(is_forgotten)
        }
        Err(_) => Ok(false),
    }
}

/// `POST /disconnect`
async fn disconnect(
    user: User,
    Database(database): Database,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Redirect, StatusCode> {
    const DISCONNECT: &str = "UPDATE openrouter_keys
        SET sealed_key = NULL, key_link = NULL, old_key_link = key_link, rejected_at = NULL
        WHERE user_id = $1 AND sealed_key IS NOT NULL";
    if headers.get(ORIGIN).is_none_or(|origin| origin != app.origin.as_str()) {
        return Err(StatusCode::FORBIDDEN);
    }
    let disconnected = database.execute(DISCONNECT, &[&user.id]).await;
    disconnected.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(Redirect::to("/settings"))
}

/// Returns a key of the emulator, and a client with it.
async fn connect(emulator: &Emulator) -> (ApiKey, OpenRouter) {
    let client = OpenRouter::builder().transport(emulator.clone()).timer(TokioTimer::new()).build().unwrap();
    let (url, mut sign_in) = client.authorize("https://my.app/callback").begin().unwrap();
    let outcome = Approver::new(emulator.clone()).approve(url.as_str(), None).await.unwrap();
    let DecisionOutcome::Redirected(callback) = outcome else { panic!("{outcome:?}") };
    let code = sign_in.read_callback(&callback).unwrap();
    let key = sign_in.exchange(&client, &code).await.unwrap().key;
    (key.clone(), client.with_key(key))
}

#[tokio::test]
async fn key_is_forgotten_after_two_rejections_a_minute_apart() {
    let Some(postgres) = Postgres::start() else { return };
    let (emulator, database) = (Emulator::new(), with_table(&postgres).await);
    let (key, client) = connect(&emulator).await;
    let sealed = store(&database, &vault(&[OLD]), "alice", key.expose()).await;
    let is_forgotten = async |sealed: &str| {
        let result = client.current_key().await;
        record(&database, "alice", sealed, &result).await.unwrap()
    };
    let minute_passes = async || {
        let update = "UPDATE openrouter_keys SET rejected_at = rejected_at - interval '1 minute'";
        database.execute(update, &[]).await.unwrap();
    };
    // A firewall responds instead of OpenRouter.
    for _ in 0..2 {
        emulator.inject(Fault::status(401).content_type("text/html").body("<h1>Denied</h1>").on("/key"));
        assert!(!is_forgotten(&sealed).await);
        minute_passes().await;
    }
    // OpenRouter rejects the key for a moment.
    let body = r#"{"error":{"code":401,"message":"User not found."}}"#;
    emulator.inject(Fault::status(401).content_type("application/json").body(body).on("/key"));
    assert!(!is_forgotten(&sealed).await);
    assert!(!is_forgotten(&sealed).await, "the key works again");
    minute_passes().await;
    // The user deletes the key.
    emulator.revoke_key(key.expose()).unwrap();
    assert!(!is_forgotten(&sealed).await);
    assert!(!is_forgotten(&sealed).await, "the minute is not over");
    minute_passes().await;
    assert!(!is_forgotten("another key").await);
    assert!(is_forgotten(&sealed).await);
    assert_eq!(columns(&database, "alice").await, [None, None, None]);
}

#[tokio::test]
async fn disconnect_keeps_a_link() {
    let Some(postgres) = Postgres::start() else { return };
    let database = with_table(&postgres).await;
    store(&database, &vault(&[OLD]), "alice", "sk-or-v1-a1").await;
    let [sealed, link, _] = columns(&database, "alice").await;
    let app = App { database_url: postgres.url(), origin: APP.to_owned(), vault: vault(&[OLD]).into() };
    let routes = Router::new().route("/disconnect", post(disconnect)).with_state(app);
    let browser = Browser::new(serve(routes).await, "alice");
    let foreign = browser.send(Method::POST, "/disconnect", &[("origin", "https://evil.example")]).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    assert_eq!(columns(&database, "alice").await, [sealed, link.clone(), None]);
    for _ in 0..2 {
        let done = browser.send(Method::POST, "/disconnect", &[("origin", APP)]).await;
        assert_eq!(done.location(), "/settings");
        assert_eq!(columns(&database, "alice").await, [None, None, link.clone()]);
    }
}
