//! The key file: its content, its permissions, and the files that a store rejects.

use std::{
    env,
    fs::{self, File, Permissions},
    future::poll_fn,
    io::ErrorKind,
    os::unix::{
        fs::{PermissionsExt, chown, symlink},
        net::UnixListener,
    },
    path::Path,
    process::Command,
    task::Poll,
    time::{Duration, Instant},
};

use openrouter_oauth::Client;
use openrouter_oauth_login::{Account, FileStore, KeyStore, SecretFile, StoreError};
use rustix::{
    fs::{FlockOperation, flock},
    process::geteuid,
};

use crate::support::store::{Ended, TestFolder, account, chain, key, mode, run};

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

#[test]
fn file_and_folder_are_private_under_any_umask() {
    // S-6
    for umask in ["000", "077", "027", "0777"] {
        let folder = TestFolder::new();
        let shell = format!("umask {umask}; exec \"$0\" \"$@\"");
        for text in ["one", "two"] {
            let task = format!("save work {text}");
            assert_eq!(run(&mut folder.child(&["sh", "-c", &shell], &task)), Ended::Done, "{umask}");
        }
        assert_eq!([&folder.path, &folder.sibling(".lock")].map(|path| mode(path)), [0o600; 2], "{umask}");
        folder.assert_private();
    }
}

/// Checks that loading, saving, deleting and checking fail with `is_reason`, and that the file is unchanged.
#[track_caller]
fn assert_rejected(store: &FileStore, is_reason: impl Fn(&StoreError) -> bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let before = fs::read(store.path()).ok();
    let (work, new) = (account("work"), key("new-canary"));
    let errors = runtime.block_on(async {
        [
            store.load(&work).await.unwrap_err(),
            store.save(&work, &new).await.unwrap_err(),
            store.delete(&work).await.unwrap_err(),
            store.check(&work).await.unwrap_err(),
        ]
    });
    for error in errors {
        assert!(is_reason(&error), "{}", chain(&error));
        assert!(!format!("{error:?} {}", chain(&error)).contains("canary"), "{error:?}");
    }
    assert_eq!(fs::read(store.path()).ok(), before);
}

/// Returns a check for an error that says why this path is unsafe, with `words` in its text.
fn is_unsafe(path: &Path, words: &str) -> impl Fn(&StoreError) -> bool {
    let path = path.to_owned();
    let words = words.to_owned();
    move |error| matches!(error, StoreError::Unsafe { path: found, problem } if *found == path && problem.contains(&words))
}

/// Returns a folder with one key in it.
fn with_a_key() -> TestFolder {
    let folder = TestFolder::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { folder.store().save(&account("work"), &key("old-canary")).await.unwrap() });
    folder
}

#[test]
fn shared_file_or_folder_fails_with_advice() {
    // S-6
    let folder = with_a_key();
    for bit in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001, 0o044, 0o066] {
        fs::set_permissions(&folder.path, Permissions::from_mode(0o600 | bit)).unwrap();
        assert_rejected(&folder.store(), is_unsafe(&folder.path, "`chmod 600`"));
        fs::set_permissions(&folder.path, Permissions::from_mode(0o600)).unwrap();

        fs::set_permissions(folder.parent(), Permissions::from_mode(0o700 | bit)).unwrap();
        assert_rejected(&folder.store(), is_unsafe(folder.parent(), "choose a path in a new folder"));
        fs::set_permissions(folder.parent(), Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn advice_never_changes_a_folder_that_is_not_for_keys() {
    let root = tempfile::tempdir().unwrap();
    let etc = root.path().join("etc");
    fs::create_dir(&etc).unwrap();
    fs::set_permissions(&etc, Permissions::from_mode(0o755)).unwrap();
    let no_chmod = |error: &StoreError| !error.to_string().contains("chmod");
    assert_rejected(&FileStore::new(etc.join("k.json")), no_chmod);
    assert_eq!(fs::read_dir(&etc).unwrap().count(), 0);

    // The folder of `for_program` exists only for keys.
    let program = Command::new(env::current_exe().unwrap())
        .args(["--exact", "file_store::as_a_program", "--nocapture"])
        .env("XDG_CONFIG_HOME", root.path())
        .output()
        .unwrap();
    let folder = root.path().join("openrouter-oauth");
    assert!(program.status.success() && folder.join("cli.json").exists(), "{program:?}");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let program = Command::new(env::current_exe().unwrap())
        .args(["--exact", "file_store::as_a_program", "--nocapture"])
        .env("XDG_CONFIG_HOME", root.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&program.stderr);
    assert!(stderr.contains("`chmod 700`"), "{stderr}");
}

/// Saves a key as a child of another test. As a test, it does nothing.
#[tokio::test]
async fn as_a_program() {
    let folder = env::var_os("XDG_CONFIG_HOME").unwrap_or_default();
    if !Path::new(&folder).join("etc").exists() {
        return;
    }
    let store = FileStore::for_program("cli").unwrap();
    if let Err(error) = store.save(&account("work"), &key("new-canary")).await {
        panic!("{error}");
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
fn file_of_another_user_fails() {
    // S-6
    if geteuid().is_root() {
        let folder = with_a_key();
        chown(&folder.path, Some(65534), None).unwrap();
        assert_rejected(&folder.store(), is_unsafe(&folder.path, "another user"));
        chown(&folder.path, Some(0), None).unwrap();
        chown(folder.parent(), Some(65534), None).unwrap();
        assert_rejected(&folder.store(), is_unsafe(folder.parent(), "another user"));
    } else {
        assert_rejected(&FileStore::new("/openrouter.json"), is_unsafe(Path::new("/"), "another user"));
    }
}

#[test]
fn store_uses_only_a_regular_file_with_one_name() {
    // S-6, F55
    let folder = with_a_key();
    let elsewhere = folder.root.path().join("elsewhere");
    let old = fs::read(&folder.path).unwrap();

    fs::hard_link(&folder.path, &elsewhere).unwrap();
    assert_rejected(&folder.store(), is_unsafe(&folder.path, "hard link"));

    fs::remove_file(&folder.path).unwrap();
    symlink(&elsewhere, &folder.path).unwrap();
    assert_rejected(&folder.store(), is_unsafe(&folder.path, "symbolic link"));
    assert_eq!(fs::read(&elsewhere).unwrap(), old);

    fs::remove_file(&folder.path).unwrap();
    symlink(folder.root.path().join("nowhere"), &folder.path).unwrap();
    assert_rejected(&folder.store(), is_unsafe(&folder.path, "symbolic link"));
    assert!(!folder.root.path().join("nowhere").exists());

    fs::remove_file(&folder.path).unwrap();
    fs::create_dir(&folder.path).unwrap();
    fs::set_permissions(&folder.path, Permissions::from_mode(0o700)).unwrap();
    assert_rejected(&folder.store(), is_unsafe(&folder.path, "not a regular file"));

    fs::remove_dir(&folder.path).unwrap();
    let listener = UnixListener::bind(&folder.path).unwrap();
    assert_rejected(&folder.store(), is_unsafe(&folder.path, "not a regular file"));
    drop(listener);
}

#[test]
fn pipe_is_rejected_without_waiting() {
    // S-6
    for suffix in ["", ".lock"] {
        let folder = with_a_key();
        let pipe = folder.sibling(suffix);
        fs::remove_file(&pipe).unwrap();
        assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status().unwrap().success());
        // In another process, because reading a pipe could hang this one.
        let ended = run(&mut folder.child(&["timeout", "--signal=KILL", "60"], "save work new"));
        assert!(matches!(&ended, Ended::Failed(text) if text.contains("not a regular file")), "{ended:?}");
    }
}

#[tokio::test]
async fn links_at_lock_and_new_file_are_not_followed() {
    // S-6
    let folder = TestFolder::new();
    let store = folder.store();
    store.save(&account("work"), &key("old")).await.unwrap();
    let elsewhere = folder.root.path().join("elsewhere");
    fs::write(&elsewhere, "precious").unwrap();

    symlink(&elsewhere, folder.sibling(".new")).unwrap();
    store.save(&account("work"), &key("new")).await.unwrap();
    assert_eq!(store.load(&account("work")).await.unwrap(), Some(key("new")));

    fs::remove_file(folder.sibling(".lock")).unwrap();
    symlink(&elsewhere, folder.sibling(".lock")).unwrap();
    let error = store.save(&account("work"), &key("newer")).await.unwrap_err();
    assert!(is_unsafe(&folder.sibling(".lock"), "symbolic link")(&error), "{error}");
    assert_eq!(fs::read(&elsewhere).unwrap(), b"precious");
    assert_eq!(mode(&elsewhere) & 0o044, 0o044, "its mode has changed");
}

#[test]
fn folder_that_is_a_link_or_a_file_fails() {
    // S-6
    let folder = with_a_key();
    let link = folder.root.path().join("link");
    symlink(folder.parent(), &link).unwrap();
    for path in [link.join("cli.json"), link.join("./cli.json"), link.join("cli.json/.")] {
        assert_rejected(&FileStore::new(path), is_unsafe(&link, "symbolic link"));
    }
    let below = folder.path.join("cli.json");
    assert_rejected(&FileStore::new(below), is_unsafe(&folder.path, "not a folder"));
    for no_file in ["/", "..", ""] {
        assert_rejected(&FileStore::new(no_file), is_unsafe(Path::new(no_file), "a file name"));
    }
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
    let lock = File::open(folder.sibling(".lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
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
    let lock = File::open(folder.sibling(".lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
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

#[test]
fn secret_file_gets_the_care_of_a_key_file() {
    // S-6
    let root = tempfile::tempdir().unwrap();
    // Other users may read its folder, unlike the folder of a store.
    fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
    let (path, elsewhere) = (root.path().join("secret"), root.path().join("elsewhere"));
    let file = SecretFile::new(&path).unwrap();
    let check_unsafe = |problem| {
        let error = file.read().unwrap_err();
        assert!(is_unsafe(&path, problem)(&error), "{error}");
    };
    let not_found = |result: Result<(), StoreError>| matches!(result, Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound);
    assert!(not_found(file.read().map(drop)) && not_found(file.remove()));
    assert!(not_found(SecretFile::new(&path.join("secret")).map(drop)));

    file.create(b"canary").unwrap();
    assert_eq!(mode(&path) & 0o777, 0o600);
    assert_eq!(&**file.read().unwrap(), b"canary");
    assert!(file.create(b"other").is_err());
    assert_eq!(fs::read(&path).unwrap(), b"canary");

    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    check_unsafe("`chmod 600`");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    fs::hard_link(&path, &elsewhere).unwrap();
    check_unsafe("hard link");
    // Of two programs, only one removes it.
    file.remove().unwrap();
    assert!(not_found(file.remove()));

    symlink(&elsewhere, &path).unwrap();
    check_unsafe("symbolic link");
    assert!(file.create(b"other").is_err());
    assert_eq!(fs::read(&elsewhere).unwrap(), b"canary");
}
