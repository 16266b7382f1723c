//! The file: what is on the disk, and what is refused.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use openrouter_oauth::{ApiKey, Client};
use openrouter_oauth_login::{Account, FileStore, KeyStore, StoreError};
use tempfile::TempDir;

/// A store in a folder that does not exist.
fn fresh() -> (TempDir, FileStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path().join("config/keys/cli.json"));
    (folder, store)
}

fn account(name: &str) -> Account {
    Account::of(&Client::new().unwrap()).named(name).unwrap()
}

fn key(text: &str) -> ApiKey {
    ApiKey::parse(text).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_is_saved_is_loaded_until_it_is_deleted() {
    let (_folder, store) = fresh();
    let [work, home] = ["work", "home"].map(account);
    assert_eq!(store.load(&work).await.unwrap(), None);
    assert!(!store.delete(&work).await.unwrap());
    assert!(!store.path().parent().unwrap().exists(), "asking makes nothing");

    store.save(&work, &key("one")).await.unwrap();
    store.save(&home, &key(r#"a"quote\"#)).await.unwrap();
    store.save(&work, &key("two")).await.unwrap();
    assert_eq!(store.load(&work).await.unwrap(), Some(key("two")));
    assert_eq!(store.load(&home).await.unwrap(), Some(key(r#"a"quote\"#)));

    assert!(store.delete(&work).await.unwrap());
    assert!(!store.delete(&work).await.unwrap());
    assert_eq!(store.load(&home).await.unwrap(), Some(key(r#"a"quote\"#)));
    assert!(store.delete(&home).await.unwrap());
    assert_eq!(names(store.path().parent().unwrap()), ["cli.json.lock"]);
}
