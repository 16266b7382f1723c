//! Access to the key file: its permissions and owner, and the links and pipes that a store rejects.

use std::{
    env,
    fs::{self, Permissions},
    io::ErrorKind,
    os::unix::{
        fs::{PermissionsExt, chown, symlink},
        net::UnixListener,
    },
    path::Path,
    process::Command,
};

use openrouter_oauth_login::{FileStore, KeyStore, SecretFile, StoreError};
use rustix::process::geteuid;

use crate::{
    support::store::{Ended, TestFolder, account, assert_rejected, is_unsafe, key, mode, run, with_a_key},
    tools::{Tool, needs},
};

/// Ends a child that hangs. macOS lacks it.
const TIMEOUT: Tool = Tool::new("timeout", &["timeout", "60", "true"]);

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
        .args(["--exact", "file_store_access::as_a_program", "--nocapture"])
        .env("XDG_CONFIG_HOME", root.path())
        .output()
        .unwrap();
    let folder = root.path().join("openrouter-oauth");
    assert!(program.status.success() && folder.join("cli.json").exists(), "{program:?}");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let program = Command::new(env::current_exe().unwrap())
        .args(["--exact", "file_store_access::as_a_program", "--nocapture"])
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
    let listener = UnixListener::bind(&folder.path).unwrap();
    assert_rejected(&folder.store(), is_unsafe(&folder.path, "not a regular file"));
    drop(listener);
}

#[test]
fn pipe_is_rejected_without_waiting() {
    // S-6
    needs!(TIMEOUT);
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
fn folder_that_is_a_link_fails() {
    // S-6
    let folder = with_a_key();
    let link = folder.root.path().join("link");
    symlink(folder.parent(), &link).unwrap();
    for path in [link.join("cli.json"), link.join("./cli.json"), link.join("cli.json/.")] {
        assert_rejected(&FileStore::new(path), is_unsafe(&link, "symbolic link"));
    }
    for no_file in ["/", "..", ""] {
        assert_rejected(&FileStore::new(no_file), is_unsafe(Path::new(no_file), "a file name"));
    }
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
