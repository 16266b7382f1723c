//! `logout`: forgets the stored key.

use openrouter_oauth::{Client, KeyLinks};
use serde::Serialize;

use crate::{
    args::{LogoutOptions, StoreKind},
    exit::Failure,
    key,
    output::Output,
    store::{Store, store_kinds},
};

pub(crate) async fn run(options: &LogoutOptions, client: &Client, output: Output) -> Result<(), Failure> {
    let kinds = options.store.as_ref().map_or(store_kinds(), std::slice::from_ref);
    let mut removed = Vec::new();
    let mut failed = None;
    for kind in kinds {
        // If one store fails, the key is still removed from the other.
        match forget(*kind, client).await {
            Ok(key) => removed.extend(key),
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    if removed.is_empty() && failed.is_none() {
        output.note("No key was stored.");
    }
    write(&removed, output)?;
    if key::is_in_environment() {
        output.note("OPENROUTER_API_KEY is still set in this shell.");
    }
    failed.map_or(Ok(()), Err)
}

/// Forgets the key of a store, if it has one.
async fn forget(kind: StoreKind, client: &Client) -> Result<Option<Removed>, Failure> {
    let not_forgotten = |action, place: String, source: Failure| Failure::NotForgotten {
        action,
        place,
        source: Box::new(source),
    };
    let store = Store::open(kind, client).map_err(|failure| {
        let place = match kind {
            StoreKind::File => "the key file",
            StoreKind::Keychain => "the keychain",
        };
        not_forgotten("look for a key in", place.to_owned(), failure)
    })?;
    let loaded = store.load().await;
    let loaded =
        loaded.map_err(|failure| not_forgotten("look for a key in", store.location.clone(), failure))?;
    let Some(key) = loaded else { return Ok(None) };
    let deleted = store.keys.delete(&store.account).await;
    deleted.map_err(|error| not_forgotten("remove the key from", store.location.clone(), error.into()))?;
    Ok(Some(Removed { store: store.kind.name(), settings: KeyLinks::new(&key).settings().to_owned() }))
}

fn write(removed: &[Removed], output: Output) -> Result<(), Failure> {
    if output.is_json() {
        return Output::json(&LogoutResult { removed });
    }
    for key in removed {
        output.note("Forgot the stored key. It stays valid until you delete it on this page:");
        output.text(&key.settings)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct LogoutResult<'a> {
    removed: &'a [Removed],
}

/// A key that was removed from a store.
#[derive(Serialize)]
struct Removed {
    store: &'static str,
    settings: String,
}
