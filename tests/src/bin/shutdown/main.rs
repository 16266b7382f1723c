//! A web application that waits for its callbacks, as axum's `docs/shutdown.md` describes. `tests/web` runs it.
#![expect(clippy::print_stdout, reason = "the test reads the address and the stored key")]

mod app;
mod shutdown;
#[path = "../../../../crates/axum/examples/web_app/sign_in.rs"]
mod sign_in;

use std::{env, error::Error};

use axum::Router;
use openrouter_oauth::Client;
use openrouter_oauth_axum::{CookieKeys, VaultKeys};
use tokio::{net::TcpListener, sync::mpsc};

use crate::app::App;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let cookie_keys = CookieKeys::parse(&env::var("COOKIE_KEYS")?)?;
    let vault_keys = VaultKeys::parse(&env::var("VAULT_KEYS")?)?;
    let client = Client::from_env()?;

    let (running, callbacks) = mpsc::channel(1);
    let routes = Router::new()
        // The other routes, and the layer of sessions, stay as they are.
        .merge(sign_in::routes(client.clone(), &origin, cookie_keys)?)
        .with_state(App::new(client, vault_keys, running));
    println!("Open {origin}");
    shutdown::serve(listener, routes, callbacks).await?;
    Ok(())
}
