//! The key file: its content, its lock, and contents that a store rejects.

use std::{
    fs,
    future::poll_fn,
    task::Poll,
    time::{Duration, Instant},
};

use openrouter_oauth::Client;
use openrouter_oauth_login::{Account, FileStore, KeyStore, StoreError};

use crate::support::store::{
    Ended, TestFolder, account, assert_rejected, hold_lock, is_unsafe, key, run, with_a_key,
};

#[tokio::test]
async fn saved_key_is_loaded_until_deleted() {
    let folder = TestFolder::new();
    let store = folder.store();
    let [work, home] = ["work", "home"].map(account);
    assert_eq!(store.load(&work).await.unwrap(), None);
    assert!(!store.delete(&work).await.unwrap());
    assert!(!folder.parent().exists(), "reading creates nothing");

    store.save(&work, &key("one")).await.unwrap();
    store.save(&home, &key(r#"a"quote\"#)).await.unwrap();
    store.save(&work, &key("two")).await.unwrap();
    assert_eq!(store.load(&work).await.unwrap(), Some(key("two")));
    assert_eq!(store.load(&home).await.unwrap(), Some(key(r#"a"quote\"#)));

    assert!(store.delete(&work).await.unwrap());
    assert!(!store.delete(&work).await.unwrap());
    assert_eq!(store.load(&work).await.unwrap(), None);
    assert_eq!(store.load(&home).await.unwrap(), Some(key(r#"a"quote\"#)));
    assert!(store.delete(&home).await.unwrap());
    // S-9: no copy is left.
    assert_eq!(folder.names(), ["cli.json.lock"]);
    assert_eq!(fs::read(folder.sibling(".lock")).unwrap(), b"");
}

#[tokio::test]
async fn key_is_found_for_its_own_service_only() {
    // S-10
    let folder = TestFolder::new();
    let of = |url: &str| Account::new(&Client::builder().base_url(url).build().unwrap());
    folder.store().save(&of("https://OpenRouter.ai:443/api/v1/"), &key("one")).await.unwrap();
    assert_eq!(folder.store().load(&of("https://openrouter.ai")).await.unwrap(), Some(key("one")));
    for other in [
        "https://openrouter.ai:444",
        "https://openrouter.ai.evil",
        "https://evil/openrouter.ai",
        "http://localhost",
        "http://localhost:443",
    ] {
        assert_eq!(folder.store().load(&of(other)).await.unwrap(), None, "{other}");
    }
}

#[tokio::test]
async fn check_creates_the_folder_and_changes_no_key() {
    let folder = TestFolder::new();
    folder.store().check(&account("work")).await.unwrap();
    assert_eq!(folder.names(), ["cli.json.lock"]);
    folder.store().save(&account("work"), &key("old")).await.unwrap();
    // A killed change.
    fs::write(folder.sibling(".new"), "left over").unwrap();
    let before = fs::read(&folder.path).unwrap();
    folder.store().check(&account("work")).await.unwrap();
    assert_eq!(folder.names(), ["cli.json", "cli.json.lock"]);
    assert_eq!(fs::read(&folder.path).unwrap(), before);
    folder.assert_private();
}

#[tokio::test]
async fn only_one_program_holds_the_sign_in_lock() {
    let folder = TestFolder::new();
    let store = folder.store();
    let lock = store.lock_sign_in(&account("work")).await.unwrap();
    assert!(lock.is_some());
    assert!(store.clone().lock_sign_in(&account("work")).await.unwrap().is_none());
    // The key can be saved and loaded in the meantime.
    store.save(&account("work"), &key("new")).await.unwrap();
    assert_eq!(run(&mut folder.child(&[], "load work new")), Ended::Done);
    drop(lock);
    assert_eq!(run(&mut folder.child(&[], "lock work")), Ended::Done);
    assert_eq!(folder.names(), ["cli.json", "cli.json.lock", "cli.json.login"]);
    folder.assert_private();
}

#[test]
fn folder_and_file_in_each_others_place_fail() {
    // S-6
    let folder = with_a_key();
    let below = folder.path.join("cli.json");
    assert_rejected(&FileStore::new(below), is_unsafe(&folder.path, "not a folder"));

    let occupied = folder.root.path().join("folder");
    fs::create_dir(&occupied).unwrap();
    let store = FileStore::new(folder.parent().join("keys"));
    fs::rename(&occupied, store.path()).unwrap();
    assert_rejected(&store, is_unsafe(store.path(), "not a regular file"));
}

#[test]
fn foreign_file_is_unchanged_and_not_shown() {
    let entry = r#"{"service":"https://openrouter.ai","account":"work","key":"old-canary"}"#;
    let corrupt = [
        String::new(),
        "canary".into(),
        "{}".into(),
        "[]".into(),
        r#"{"version":1}"#.into(),
        format!(r#"{{"version":1,"keys":[{entry}"#),
        format!(r#"{{"version":1,"keys":[{entry}]}}x"#),
        format!(r#"{{"version":1,"keys":[{entry},{entry}]}}"#),
        format!(r#"{{"version":1,"version":1,"keys":[{entry}]}}"#),
        format!(r#"{{"version":1,"keys":[{entry}],"other":"canary"}}"#),
        format!(r#"{{"version":"1","keys":[{entry}]}}"#),
        entry.replace("work\",", "work\",\"canary\":1,"),
        r#"{"version":1,"keys":[{"service":"canary","account":"work","key":""}]}"#.into(),
        r#"{"version":1,"keys":[{"service":"canary","account":"work","key":["canary"]}]}"#.into(),
        r#"{"version":1,"keys":[{"service":"canary","account":"work"}]}"#.into(),
        format!(r#"{{"version":1,"keys":[{}]}}"#, entry.replace("old-canary", "old canary")),
        "[".repeat(100_000),
        "\0".repeat(100),
    ];
    let folder = with_a_key();
    for content in corrupt {
        fs::write(&folder.path, &content).unwrap();
        assert_rejected(
            &folder.store(),
            |error| matches!(error, StoreError::Corrupt { problem, .. } if problem.contains("move it away")),
        );
    }
    for content in [r#"{"version":2,"keys":[]}"#, r#"{"version":0,"secrets":{"canary":1}}"#] {
        fs::write(&folder.path, content).unwrap();
        assert_rejected(
            &folder.store(),
            |error| matches!(error, StoreError::Corrupt { problem, .. } if problem.contains("another version")),
        );
    }
    fs::write(&folder.path, " ".repeat((1 << 20) + 1)).unwrap();
    assert_rejected(
        &folder.store(),
        |error| matches!(error, StoreError::Corrupt { problem, .. } if problem.contains("larger")),
    );
}

#[tokio::test]
async fn file_that_could_not_be_reread_is_not_written() {
    let folder = TestFolder::new();
    let store = folder.store();
    store.save(&account("work"), &key("old")).await.unwrap();
    // The file without white space is just small enough. The formatted file with one more key is too large.
    let entry = |n| format!(r#"{{"service":"https://s","account":"{n}","key":"{}"}}"#, "k".repeat(512));
    let entries: Vec<_> = (0..1850).map(entry).collect();
    let full = format!(r#"{{"version":1,"keys":[{}]}}"#, entries.join(","));
    assert!(full.len() < 1 << 20, "{}", full.len());
    fs::write(&folder.path, &full).unwrap();
    for error in [
        store.save(&account("work"), &key("new")).await.unwrap_err(),
        store.check(&account("work")).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    }
    assert_eq!(fs::read_to_string(&folder.path).unwrap(), full);
}

#[tokio::test]
async fn held_lock_fails_after_ten_seconds() {
    // S-7
    let folder = TestFolder::new();
    let store = folder.store();
    store.save(&account("work"), &key("old")).await.unwrap();
    let lock = hold_lock(&folder.sibling(".lock"));
    let start = Instant::now();
    let (work, new) = (account("work"), key("new"));
    let other = folder.store();
    let (saved, checked) = tokio::join!(store.save(&work, &new), other.check(&work));
    for error in [saved.unwrap_err(), checked.unwrap_err()] {
        assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    }
    let waited = start.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_secs(40)).contains(&waited), "{waited:?}");
    // Reading does not wait for the lock.
    assert_eq!(store.load(&account("work")).await.unwrap(), Some(key("old")));
    drop(lock);
    store.save(&account("work"), &key("new")).await.unwrap();
}

#[tokio::test]
async fn save_dropped_while_it_waits_changes_nothing() {
    // C-28
    let folder = TestFolder::new();
    let store = folder.store();
    store.save(&account("work"), &key("old")).await.unwrap();
    let before = fs::metadata(&folder.path).unwrap();
    let lock = hold_lock(&folder.sibling(".lock"));
    let (work, new) = (account("work"), key("new"));
    let mut save = store.save(&work, &new);
    poll_fn(|context| {
        assert!(save.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(save);
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(lock);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(fs::metadata(&folder.path).unwrap().modified().unwrap(), before.modified().unwrap());
    assert_eq!(store.load(&work).await.unwrap(), Some(key("old")));
}

#[test]
fn save_dropped_before_it_begins_writes_nothing() {
    // C-28
    let folder = TestFolder::new();
    let (store, work, new) = (folder.store(), account("work"), key("new"));
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(1).build().unwrap().block_on(async {
        // The only blocking thread is busy, so the save waits for it.
        let (release, released) = std::sync::mpsc::channel::<()>();
        let taken = tokio::task::spawn_blocking(move || released.recv());
        let mut save = store.save(&work, &new);
        let polled = poll_fn(|context| Poll::Ready(save.as_mut().poll(context).is_pending()));
        assert!(polled.await);
        drop(save);
        release.send(()).unwrap();
        taken.await.unwrap().unwrap();
        // This task runs after all earlier ones.
        tokio::task::spawn_blocking(|| {}).await.unwrap();
    });
    assert!(!folder.parent().exists());
}

#[test]
fn missing_runtime_is_an_error() {
    // F51
    let folder = TestFolder::new();
    let (store, work) = (folder.store(), account("work"));
    let mut load = store.load(&work);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(Err(StoreError::Unavailable { .. })) = load.as_mut().poll(&mut context) else { panic!() };
}
