//! `logout`: forgets the stored key.

use openrouter_oauth::{Client, KeyLinks};
use serde::Serialize;

use crate::{
    args::LogoutOptions,
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
        // If one store fails, the key is still removed from the others.
        match forget(&Store::open(*kind, client)?).await {
            Ok(key) => removed.extend(key),
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    write(&removed, output)?;
    if key::is_in_environment() {
        output.note("OPENROUTER_API_KEY is still set in this shell.");
    }
    failed.map_or(Ok(()), Err)
}

/// Forgets the key of a store, if it has one.
async fn forget(store: &Store) -> Result<Option<Removed>, Failure> {
    let Some(key) = store.load().await? else { return Ok(None) };
    store.keys.delete(&store.account).await?;
    Ok(Some(Removed { store: store.kind.name(), settings: KeyLinks::new(&key).settings().to_owned() }))
}

fn write(removed: &[Removed], output: Output) -> Result<(), Failure> {
    if output.is_json() {
        return Output::json(&LogoutResult { removed });
    }
    if removed.is_empty() {
        output.note("No key was stored.");
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
