//! A web application whose users connect their OpenRouter account. It stores their keys encrypted, here in memory.
//!
//! ```sh
//! export COOKIE_KEYS=$(openssl rand -hex 32) VAULT_KEYS=$(openssl rand -hex 32)
//! cargo run -p openrouter-oauth-axum --example web_app
//! ```
//!
//! To use the emulator instead of OpenRouter, start it in another terminal, and set its base URL:
//!
//! ```sh
//! cargo run -p openrouter-oauth-cli -- emulator --port 8080
//! export OPENROUTER_BASE_URL=http://127.0.0.1:8080/api/v1
//! ```
//!
//! The README of the crate explains these three files.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows its address and its errors")]

mod app;
mod sign_in;

use std::{env, error::Error};

use axum::{Router, routing::get};
use openrouter_oauth::Client;
use openrouter_oauth_axum::{CookieKeys, VaultKeys};
use tokio::net::TcpListener;
use tower_sessions::{MemoryStore, SessionManagerLayer, cookie::SameSite};

use crate::app::App;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind(env::var("LISTEN").unwrap_or("127.0.0.1:3000".into())).await?;
    // As browsers see it. In production, it is https, such as https://my.app.
    let origin = env::var("ORIGIN").unwrap_or(format!("http://{}", listener.local_addr()?));
    let cookie_keys = secret("COOKIE_KEYS", CookieKeys::parse)?;
    let vault_keys = secret("VAULT_KEYS", VaultKeys::parse)?;
    // It also reads OPENROUTER_API_KEY. Leave that unset, so that a request without the user's key fails.
    let client = Client::from_env()?;

    let sessions = SessionManagerLayer::new(MemoryStore::default())
        .with_secure(origin.starts_with("https:"))
        // The default is `Strict`, and browsers do not send such a cookie when OpenRouter sends the user back.
        .with_same_site(SameSite::Lax);
    let routes = Router::new()
        .route("/", get(app::home))
        .route("/login", get(app::log_in_page).post(app::log_in))
        .merge(sign_in::routes(client.clone(), &origin, cookie_keys)?)
        .layer(sessions)
        .with_state(App::new(client, vault_keys));
    println!("Open {origin}");
    // Before you deploy, see `docs/shutdown.md`: a deploy must not end a callback.
    axum::serve(listener, routes).await?;
    Ok(())
}

/// Reads keys from a variable.
fn secret<K, E>(name: &str, parse: fn(&str) -> Result<K, E>) -> Result<K, String> {
    let keys = env::var(name).ok().and_then(|text| parse(&text).ok());
    keys.ok_or_else(|| format!("{name} needs a secret, such as `openssl rand -hex 32` prints"))
}
