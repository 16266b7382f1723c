//! The code of `docs/database.md`.
#![expect(clippy::print_stderr, reason = "the page logs without a crate")]

mod revocation;

use std::time::Duration;

use axum::{
    Router,
    extract::{FromRequestParts, State},
    http::{Response, StatusCode, request::Parts},
    response::Result,
};
use openrouter_oauth::{ApiKey, Client as OpenRouter, KeyLinks, transport_hyper::TokioTimer};
use openrouter_oauth_axum::{
    Callback, CookieKeys, OneProcessClaims, SealedKey, SignIn, SignInRouter as _, VaultKeys,
    web::SealedKeyError,
};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, Fault, User as Approver};
use openrouter_oauth_tests::servers::Postgres;
use tokio_postgres::{Client, Error, NoTls};

use super::{App, NEW, OLD, User, serve, vault};
use crate::{
    browser::{APP, Browser},
    wait::wait_until,
};

/// `sealed_key` is NULL if the user is not connected. The links lead to the pages where the user can delete the key.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS openrouter_keys (
    user_id text PRIMARY KEY,
    sealed_key text,
    key_link text,
    old_key_link text,
    rejected_at timestamptz
)";

/// A connection to the database. As an extractor, it rejects a callback while the database is down.
struct Database(Client);

impl FromRequestParts<App> for Database {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, StatusCode> {
        Self::connect(app).await
    }
}

impl Database {
    /// An application with a pool takes a connection from it instead.
    async fn connect(app: &App) -> Result<Self, StatusCode> {
        let connecting = tokio_postgres::connect(&app.database_url, NoTls).await;
        let (client, connection) = connecting.map_err(|error| {
            eprintln!("cannot connect to the database: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        })?;
        tokio::spawn(connection);
        Ok(Self(client))
    }
}

async fn connected(
    user: User,
    Database(database): Database,
    State(app): State<App>,
    callback: Callback,
) -> Result<Response<String>> {
    let connected = callback.finish(&user).await?;
    let (user, links) = (&user.id, KeyLinks::new(connected.key()));
    let sealed = SealedKey::seal(&app.vault, user, connected.key());
    let sealed = sealed.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    if store_key(&database, user, &sealed, &links).await.is_err() {
        // Once more, with another connection: nobody else has the key.
        let Database(database) = Database::connect(&app).await?;
        let stored = store_key(&database, user, &sealed, &links).await;
        stored.map_err(|error| {
            eprintln!("the key of user {user} is lost: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        })?;
    }
    Ok(connected.done().await)
}

/// Stores the key of a user. The one before still works at OpenRouter, so its link stays: only that of the latest
/// earlier key. To keep all links, use a table of them.
async fn store_key(database: &Client, user: &str, sealed: &SealedKey, links: &KeyLinks) -> Result<(), Error> {
    // The last line makes a repetition harmless.
    const STORE: &str =
        "INSERT INTO openrouter_keys AS old (user_id, sealed_key, key_link) VALUES ($1, $2, $3)
        ON CONFLICT (user_id) DO UPDATE SET sealed_key = excluded.sealed_key, key_link = excluded.key_link,
            old_key_link = coalesce(old.key_link, old.old_key_link), rejected_at = NULL
        WHERE old.sealed_key IS DISTINCT FROM excluded.sealed_key";
    database.execute(STORE, &[&user, &sealed.as_str(), &links.settings()]).await?;
    Ok(())
}

/// Seals every key again that an older vault key sealed. Returns how many, and how many it could not open.
async fn reseal(database: &Client, vault: &VaultKeys) -> Result<(u64, u64), Error> {
    const ALL: &str = "SELECT user_id, sealed_key FROM openrouter_keys WHERE sealed_key IS NOT NULL";
    // A user may connect again meanwhile, so this replaces only the very text that was read.
    const REPLACE: &str = "UPDATE openrouter_keys SET sealed_key = $3 WHERE user_id = $1 AND sealed_key = $2";
    let (mut resealed, mut skipped) = (0, 0);
    for row in database.query(ALL, &[]).await? {
        let (user, text): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        match sealed_again(vault, user, text) {
            Ok(Some(new)) => resealed += database.execute(REPLACE, &[&user, &text, &new.as_str()]).await?,
            Ok(None) => {}
            Err(error) => {
                eprintln!("cannot seal the key of user {user} again: {error}");
                skipped += 1;
            }
        }
    }
    Ok((resealed, skipped))
}

/// Returns nothing if the first vault key sealed the text.
fn sealed_again(vault: &VaultKeys, user: &str, text: &str) -> Result<Option<SealedKey>, SealedKeyError> {
    let sealed = SealedKey::parse(text)?;
    if !sealed.needs_resealing(vault) {
        return Ok(None);
    }
    SealedKey::seal(vault, user, &sealed.open(vault, user)?).map(Some)
}

/// Returns a connection to a database with the table.
async fn with_table(postgres: &Postgres) -> Client {
    let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(SCHEMA).await.unwrap();
    client
}

/// Stores `text`, which the first key of the vault seals.
async fn store(database: &Client, vault: &VaultKeys, user: &str, text: &str) -> String {
    let key = ApiKey::parse(text).unwrap();
    let sealed = SealedKey::seal(vault, user, &key).unwrap();
    store_key(database, user, &sealed, &KeyLinks::new(&key)).await.unwrap();
    sealed.to_string()
}

/// Returns the columns of a user.
async fn columns(database: &Client, user: &str) -> [Option<String>; 3] {
    let select = "SELECT sealed_key, key_link, old_key_link FROM openrouter_keys WHERE user_id = $1";
    let row = database.query_one(select, &[&user]).await.unwrap();
    [0, 1, 2].map(|column| row.get(column))
}

fn link(text: &str) -> String {
    KeyLinks::new(&ApiKey::parse(text).unwrap()).settings().to_owned()
}

/// Starts the application with its table. Returns a browser of its user.
async fn start(postgres: &Postgres, emulator: &Emulator) -> Browser {
    let client = OpenRouter::builder().transport(emulator.clone()).timer(TokioTimer::new()).build().unwrap();
    let keys = CookieKeys::parse(&NEW.repeat(4)).unwrap();
    let sign_in = SignIn::builder(client, APP, keys, OneProcessClaims::new(100)).build().unwrap();
    let app = App { database_url: postgres.url(), origin: APP.to_owned(), vault: vault(&[OLD]).into() };
    let routes = Router::new().merge(sign_in.router::<User, _, _>(connected)).with_state(app);
    Browser::new(serve(routes).await, "alice")
}

async fn begin_and_approve(browser: &Browser, emulator: &Emulator) -> String {
    let approver = Approver::new(emulator.clone());
    let outcome = approver.approve(&browser.begin().await, None).await.unwrap();
    let DecisionOutcome::Redirected(callback) = outcome else { panic!("{outcome:?}") };
    callback
}

#[tokio::test]
async fn key_is_stored_after_its_connection_broke() {
    let Some(postgres) = Postgres::start() else { return };
    let (emulator, database) = (Emulator::new(), with_table(&postgres).await);
    let browser = start(&postgres, &emulator).await;
    let callback = begin_and_approve(&browser, &emulator).await;
    emulator.inject(Fault::delay(Duration::from_millis(500)).on("/auth/keys"));
    let tab = browser.clone();
    let done = tokio::spawn(async move { tab.get(&callback).await });
    wait_until("the exchange", || emulator.posts("/auth/keys") == 1).await;
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
    assert_eq!(database.query(others, &[]).await.unwrap().len(), 1);
    assert_eq!(done.await.unwrap().location(), "https://my.app/settings");
    let [sealed, ..] = columns(&database, "alice").await;
    let key = SealedKey::parse(&sealed.unwrap()).unwrap().open(&vault(&[OLD]), "alice").unwrap();
    assert!(emulator.revoke_key(key.expose()).is_ok(), "the stored key is the one of the emulator");
}

#[tokio::test]
async fn callback_is_exchanged_only_with_a_database() {
    let Some(mut postgres) = Postgres::start() else { return };
    let (emulator, database) = (Emulator::new(), with_table(&postgres).await);
    drop(database);
    let browser = start(&postgres, &emulator).await;
    let callback = begin_and_approve(&browser, &emulator).await;
    postgres.kill();
    assert_eq!(browser.get(&callback).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(emulator.posts("/auth/keys"), 0);
    postgres.restart();
    assert_eq!(browser.get(&callback).await.location(), "https://my.app/settings");
}

#[tokio::test]
async fn replaced_key_leaves_a_link() {
    let Some(postgres) = Postgres::start() else { return };
    let (database, vault) = (with_table(&postgres).await, vault(&[OLD]));
    store(&database, &vault, "alice", "sk-or-v1-a1").await;
    assert_eq!(columns(&database, "alice").await[1..], [Some(link("sk-or-v1-a1")), None]);
    let sealed = store(&database, &vault, "alice", "sk-or-v1-a2").await;
    let links = KeyLinks::new(&ApiKey::parse("sk-or-v1-a2").unwrap());
    store_key(&database, "alice", &SealedKey::parse(&sealed).unwrap(), &links).await.unwrap();
    assert_eq!(
        columns(&database, "alice").await,
        [Some(sealed), Some(link("sk-or-v1-a2")), Some(link("sk-or-v1-a1"))]
    );
}

#[tokio::test]
async fn reseal_skips_keys_that_it_cannot_open() {
    let Some(postgres) = Postgres::start() else { return };
    let (database, both, new) = (with_table(&postgres).await, vault(&[NEW, OLD]), vault(&[NEW]));
    store(&database, &vault(&[OLD]), "alice", "sk-or-v1-a1").await;
    store(&database, &both, "bob", "sk-or-v1-b2").await;
    store(&database, &vault(&["00112233445566ff"]), "carol", "sk-or-v1-c3").await;
    database.execute("INSERT INTO openrouter_keys (user_id) VALUES ('dave')", &[]).await.unwrap();
    assert_eq!(reseal(&database, &both).await.unwrap(), (1, 1));
    assert_eq!(reseal(&database, &both).await.unwrap(), (0, 1));
    for (user, text) in [("alice", "sk-or-v1-a1"), ("bob", "sk-or-v1-b2")] {
        let [sealed, ..] = columns(&database, user).await;
        assert_eq!(SealedKey::parse(&sealed.unwrap()).unwrap().open(&new, user).unwrap().expose(), text);
    }
}
