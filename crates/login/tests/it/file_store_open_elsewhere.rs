//! A key file that another program has open, such as a virus scanner.

use std::{
    fs::File,
    io::ErrorKind,
    os::windows::fs::OpenOptionsExt as _,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use openrouter_oauth_login::{KeyStore, SecretFile, StoreError};
use tokio::runtime::Builder;

use crate::support::store::{TestFolder, account, key, with_a_key};

/// Opens the file so that other programs can read it, but neither replace nor remove it.
fn open(path: &Path) -> File {
    const FILE_SHARE_READ: u32 = 1;
    File::options().read(true).share_mode(FILE_SHARE_READ).open(path).unwrap()
}

#[tokio::test]
async fn change_waits_until_the_file_is_closed() {
    let folder = TestFolder::new();
    let (store, work) = (folder.store(), account("work"));
    store.save(&work, &key("old")).await.unwrap();
    let close_soon = |file: File| {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(500));
            drop(file);
        })
    };

    let closing = close_soon(open(&folder.path));
    store.save(&work, &key("new")).await.unwrap();
    closing.join().unwrap();
    assert_eq!(store.load(&work).await.unwrap(), Some(key("new")));

    let closing = close_soon(open(&folder.path));
    assert!(store.delete(&work).await.unwrap());
    closing.join().unwrap();
    assert_eq!(folder.names(), ["cli.json.lock"]);
}

#[tokio::test]
async fn steps_of_a_change_share_one_wait() {
    let folder = TestFolder::new();
    let (store, work) = (folder.store(), account("work"));
    store.save(&work, &key("old")).await.unwrap();
    let left_over = folder.sibling(".new");
    File::create(&left_over).unwrap();
    let (first, second) = (open(&left_over), open(&folder.path));
    let start = Instant::now();
    let closing = thread::spawn(move || {
        thread::sleep(Duration::from_secs(1));
        drop(first);
        Instant::now()
    });
    let error = store.save(&work, &key("new")).await.unwrap_err();
    let waited = start.elapsed();
    let closed = closing.join().unwrap() - start;
    assert!(matches!(&error, StoreError::InUse { path, .. } if *path == folder.path), "{error:?}");
    // A second wait would begin when the first file is closed.
    let limit = Duration::from_secs(2);
    assert!((limit..closed + limit).contains(&waited), "{waited:?}, closed after {closed:?}");
    drop(second);
    assert_eq!(folder.names(), ["cli.json", "cli.json.lock"]);
}

#[test]
fn new_file_that_stays_open_is_emptied() {
    const FILE_SHARE_READ_AND_WRITE: u32 = 3;
    let folder = with_a_key();
    let (store, work) = (folder.store(), account("work"));
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let save = |text| runtime.block_on(store.save(&work, &key(text)));
    let new = folder.sibling(".new");
    let is_over = AtomicBool::new(false);
    let (error, scanner) = thread::scope(|scope| {
        let scanner = scope.spawn(|| {
            let mut scanner = File::options();
            scanner.read(true).share_mode(FILE_SHARE_READ_AND_WRITE);
            while !is_over.load(Ordering::Relaxed) {
                if let Ok(file) = scanner.open(&new) {
                    return Some(file);
                }
            }
            None
        });
        let start = Instant::now();
        // The scanner is not fast enough for every change.
        let saved = loop {
            let saved = save("saved");
            if saved.is_err() || start.elapsed() > Duration::from_secs(60) {
                break saved;
            }
        };
        is_over.store(true, Ordering::Relaxed);
        (saved.unwrap_err(), scanner.join().unwrap())
    });
    assert!(matches!(&error, StoreError::InUse { path, .. } if *path == new), "{error:?}");
    assert_eq!(scanner.unwrap().metadata().unwrap().len(), 0);
    save("new").unwrap();
    assert_eq!(folder.names(), ["cli.json", "cli.json.lock"]);
}

#[tokio::test]
async fn file_that_stays_open_keeps_its_keys() {
    let folder = TestFolder::new();
    let (store, work) = (folder.store(), account("work"));
    store.save(&work, &key("old")).await.unwrap();
    let file = open(&folder.path);
    let start = Instant::now();
    for error in [store.save(&work, &key("new")).await.unwrap_err(), store.delete(&work).await.unwrap_err()] {
        assert!(matches!(&error, StoreError::InUse { path, .. } if *path == folder.path), "{error:?}");
        assert!(
            error
                .to_string()
                .ends_with("was still in use after 2 s; check which other program uses it, and try again")
        );
    }
    let waited = start.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(30)).contains(&waited), "{waited:?}");
    assert_eq!(store.load(&work).await.unwrap(), Some(key("old")));
    assert_eq!(folder.names(), ["cli.json", "cli.json.lock"]);
    drop(file);
    store.save(&work, &key("new")).await.unwrap();
    assert_eq!(store.load(&work).await.unwrap(), Some(key("new")));
}

#[test]
fn other_errors_stay_while_the_file_is_open() {
    let folder = with_a_key();
    let _file = open(&folder.path);
    let error = SecretFile::new(&folder.path).unwrap().create(b"other").unwrap_err();
    assert!(
        matches!(&error, StoreError::Io { source, .. } if source.kind() == ErrorKind::AlreadyExists),
        "{error:?}"
    );
}
