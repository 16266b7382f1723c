//! A web application whose users connect their OpenRouter account.
//!
//! ```sh
//! cargo run --manifest-path tests/consumers/web/Cargo.toml
//! ```
//!
//! Without settings, it keeps nothing, and starts an emulator of OpenRouter alongside. The README lists the settings.

// In reading order. The sign-in is `connect`, and `stored_key` is the use of its result.
mod connect;

mod key_state;
mod stored_key;

mod home;
mod home_page;
mod page;

mod accounts;
mod passphrase;
mod session;
mod users;

mod app;
mod database;
mod error;
mod headers;
mod routes;
mod same_origin;
mod serve;
mod settings;

use std::{error::Error, process::ExitCode, sync::Arc};

use openrouter_oauth::{Client, Origin};
use openrouter_oauth_emulator::Emulator;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    app::App,
    database::Database,
    settings::{Settings, invalid},
};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            eprintln!("error: {text}");
            let mut source = error.source();
            while let Some(error) = source {
                // Some errors contain the text of their source.
                if !text.contains(&error.to_string()) {
                    eprintln!("  because: {error}");
                }
                text = error.to_string();
                source = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    let format = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // `sqlx` logs unknown parameters of DATABASE_URL, and a misspelled one can be the password.
    let log = settings.log.clone().with_target("sqlx_postgres::options", LevelFilter::OFF);
    tracing_subscriber::registry().with(format).with(log).init();

    let (base_url, emulator) = match settings.base_url {
        Some(base_url) => (base_url, None),
        None => {
            let emulator = Emulator::new().serve(0).await?;
            (emulator.base_url(), Some(emulator))
        }
    };
    let client = Client::builder().base_url(base_url).build().map_err(invalid("OPENROUTER_BASE_URL"))?;
    let database =
        Database::connect(settings.database_url.as_deref()).await.map_err(invalid("DATABASE_URL"))?;
    let listener = TcpListener::bind(settings.listen).await.map_err(invalid("LISTEN"))?;
    let origin = match settings.origin {
        Some(origin) => origin,
        // `Settings` checked that this is 127.0.0.1.
        None => Origin::parse(&format!("http://{}", listener.local_addr()?))?,
    };
    let callbacks = TaskTracker::new();
    let app = App {
        client,
        database,
        vault: Arc::new(settings.vault_keys),
        origin: origin.clone(),
        callbacks: callbacks.clone(),
    };
    let routes = routes::routes(app, settings.cookie_keys, settings.redis_url.as_deref())?;

    println!("Open {origin}");
    if let Some(emulator) = &emulator {
        println!("Emulator of OpenRouter at {}", emulator.base_url());
    }
    serve::until_signal(listener, routes, &callbacks).await;
    Ok(())
}
