//! A terminal program that signs its user in once, and finds the stored key the next time.

mod user;

use std::{error::Error, sync::Arc};

use openrouter_oauth::{ApiKey, Client};
use openrouter_oauth_emulator::{Emulator, User};
use openrouter_oauth_login::{Account, KeyStore, Login, MemoryStore};

use crate::user::PastingUser;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let openrouter = Emulator::new();
    let server = openrouter.serve(0).await?;
    let client = Client::builder().base_url(server.base_url()).build()?;
    let store = Arc::new(MemoryStore::default());

    let first = key(&client, &store, User::new(openrouter.clone())).await?;
    let again = key(&client, &store, User::new(openrouter.clone())).await?;

    assert_eq!(first.expose(), again.expose());
    assert_eq!(openrouter.posts("/auth/keys"), 1);
    let info = client.with_key(again).current_key().await?;
    assert_eq!(info.label.as_deref(), Some("login"));
    println!("login: signed in once, and found the key the second time");
    Ok(())
}

/// The stored key, or a new one.
async fn key(client: &Client, store: &Arc<MemoryStore>, browser: User) -> Result<ApiKey, Box<dyn Error>> {
    if let Some(key) = store.load(&Account::new(client)).await? {
        return Ok(key);
    }
    let login = Login::new(client).key_label("login").store(Arc::clone(store));
    let signed_in = login.headless(true).prompt(PastingUser::new(browser)).run().await?;
    match signed_in.not_stored {
        Some(error) => Err(error.into()),
        None => Ok(signed_in.key),
    }
}
