//! A terminal program that signs its user in once, and finds the stored key the next time.

use std::{error::Error, sync::Arc};

use openrouter_oauth::{ApiKey, Client};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, User};
use openrouter_oauth_login::{Account, KeyStore, Login, MemoryStore, PromptError, testing::TestUser};

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

/// Returns the stored key, or signs in and stores a new one.
async fn key(client: &Client, store: &Arc<MemoryStore>, browser: User) -> Result<ApiKey, Box<dyn Error>> {
    if let Some(key) = store.load(&Account::new(client)).await? {
        return Ok(key);
    }
    let login = Login::new(client).key_label("login").store(Arc::clone(store));
    let signed_in = login.headless(true).prompt(pasting_user(browser)).run().await?;
    match signed_in.not_stored {
        Some(error) => Err(error.into()),
        None => Ok(signed_in.key),
    }
}

/// A user who approves on the page and pastes the code.
fn pasting_user(browser: User) -> TestUser {
    TestUser::pastes_with(move |url| {
        let browser = browser.clone();
        async move {
            match browser.approve(&url, None).await {
                Ok(DecisionOutcome::Code(code)) => Ok(code),
                _ => Err(PromptError::Unavailable),
            }
        }
    })
}
