//! The keychain of a Linux desktop: GNOME Keyring on its own bus. The tests need `dbus-run-session` and
//! `gnome-keyring-daemon`, and fail without them.

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic fails the test; clippy knows only test functions for tests"
)]

use std::{
    env,
    process::{Command, Output},
};

use openrouter_oauth::{ApiKey, Client};
use openrouter_oauth_login::{Account, KeyStore, KeychainStore, StoreError};
use tempfile::TempDir;

/// Starts a keychain unlocked with a password, in the shell that starts the child.
const UNLOCKED: &str = "printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null";
/// Starts the same keychain locked.
const LOCKED: &str = "gnome-keyring-daemon --start --components=secrets >/dev/null";

/// Stops the keychain, so that it does not respond.
const STOPPED: &str = "kill -STOP $keychain";

/// Runs `task` in a process on its own bus, with the home folder `home`, after the commands `before`.
#[track_caller]
fn on_a_bus(home: &TempDir, before: &[&str], task: &str) {
    // The keychain is ready when its name is on the bus. The bus also returns its process ID, because other keychains
    // may be running.
    let find = "
        for _ in $(seq 300); do
            keychain=$(dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus / \
                org.freedesktop.DBus.GetConnectionUnixProcessID string:org.freedesktop.secrets \
                2>/dev/null | grep -o '[0-9]*$') && break
            sleep 0.1
        done
        trap 'kill -KILL $keychain' EXIT";
    let (start, then) = before.split_first().unwrap();
    let script = ["set -e", start, find, &then.join("\n"), "\"$0\" \"$@\""].join("\n");
    let mut command = Command::new("dbus-run-session");
    command.args(["--", "sh", "-c", &script]).arg(env::current_exe().unwrap());
    assert_done(clean(&mut command, home, task));
}

/// Runs `task` without a bus.
#[track_caller]
fn without_a_bus(home: &TempDir, address: &str, task: &str) {
    let mut command = Command::new(env::current_exe().unwrap());
    clean(&mut command, home, task);
    if !address.is_empty() {
        command.env("DBUS_SESSION_BUS_ADDRESS", address);
    }
    assert_done(&mut command);
}

/// Passes the task to this program, and removes the variables of the desktop on which the tests may run.
fn clean<'a>(command: &'a mut Command, home: &TempDir, task: &str) -> &'a mut Command {
    command.args(["--exact", "as_a_child", "--nocapture", "--test-threads=1"]);
    for name in
        ["DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XDG_DATA_HOME", "GNOME_KEYRING_CONTROL"]
    {
        command.env_remove(name);
    }
    command.env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path()).env("TEST_TASK", task)
}

#[track_caller]
fn assert_done(command: &mut Command) {
    let output: Output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && stdout.contains("1 passed"), "{command:?}: {output:?}");
}

fn account(name: &str) -> Account {
    let client = Client::builder().base_url("https://openrouter.ai").build().unwrap();
    Account::new(&client).named(name).unwrap()
}

fn key(text: &str) -> ApiKey {
    ApiKey::parse(text).unwrap()
}

/// Runs as a child of other tests. As a test, it does nothing.
#[tokio::test]
async fn as_a_child() {
    let Ok(task) = env::var("TEST_TASK") else { return };
    let store = KeychainStore::new("my-cli").unwrap();
    let [work, home] = ["work", "home"].map(account);
    match &*task {
        "keep" => {
            assert_eq!(store.load(&work).await.unwrap(), None);
            assert!(!store.delete(&work).await.unwrap());
            store.save(&work, &key("one")).await.unwrap();
            store.save(&home, &key("other")).await.unwrap();
            store.save(&work, &key("two")).await.unwrap();
            store.check(&work).await.unwrap();
            assert_eq!(store.load(&work).await.unwrap(), Some(key("two")));
            assert_eq!(store.load(&home).await.unwrap(), Some(key("other")));
            assert_eq!(KeychainStore::new("other-cli").unwrap().load(&work).await.unwrap(), None);
        }
        "find and delete" => {
            assert_eq!(store.load(&work).await.unwrap(), Some(key("two")));
            assert!(store.delete(&work).await.unwrap());
            assert!(!store.delete(&work).await.unwrap());
            assert_eq!(store.load(&work).await.unwrap(), None);
            assert_eq!(store.load(&home).await.unwrap(), Some(key("other")));
        }
        "not a key" => {
            let item = keyring::Entry::new("my-cli:https://openrouter.ai", "work").unwrap();
            for secret in [&b"\xff canary"[..], b"", &vec![b'k'; 1 << 20]] {
                item.set_secret(secret).unwrap();
                let error = store.load(&work).await.unwrap_err();
                assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
                assert!(!format!("{error} {error:?}").contains("canary"));
            }
            store.save(&work, &key("one")).await.unwrap();
            assert_eq!(store.load(&work).await.unwrap(), Some(key("one")));
        }
        "unavailable" => {
            for error in [
                store.load(&work).await.unwrap_err(),
                store.save(&work, &key("canary")).await.unwrap_err(),
                store.delete(&work).await.unwrap_err(),
            ] {
                assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
                assert!(!format!("{error} {error:?}").contains("canary"));
            }
        }
        "too late" => {
            let error = store.load(&work).await.unwrap_err();
            assert!(matches!(error, StoreError::Timeout { .. }), "{error:?}");
        }
        _ => panic!("no such task: {task}"),
    }
}

#[test]
fn saved_key_is_found_by_the_next_program() {
    // S-9, S-10
    let home = tempfile::tempdir().unwrap();
    on_a_bus(&home, &[UNLOCKED], "keep");
    on_a_bus(&home, &[UNLOCKED], "find and delete");
}

#[test]
fn item_that_is_not_a_key_can_be_replaced() {
    // F54
    on_a_bus(&tempfile::tempdir().unwrap(), &[UNLOCKED], "not a key");
}

#[test]
fn locked_keychain_is_an_error() {
    // S-4, F54
    let home = tempfile::tempdir().unwrap();
    on_a_bus(&home, &[UNLOCKED], "keep");
    on_a_bus(&home, &[LOCKED], "unavailable");
}

#[test]
fn missing_keychain_or_bus_is_an_error() {
    // S-4, F54
    let home = tempfile::tempdir().unwrap();
    without_a_bus(&home, "", "unavailable");
    without_a_bus(&home, "unix:path=/nowhere", "unavailable");
}

#[test]
fn hanging_keychain_is_an_error() {
    // S-5, F54
    let home = tempfile::tempdir().unwrap();
    on_a_bus(&home, &[UNLOCKED, STOPPED], "too late");
}
