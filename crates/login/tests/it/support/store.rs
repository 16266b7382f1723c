//! A store in its own folder, and this test program again as a child process that uses it.

use std::{
    env,
    error::Error,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, exit},
    time::Duration,
};

use openrouter_oauth::{ApiKey, Client};
use openrouter_oauth_login::{Account, FileStore, KeyStore, StoreError};
use tempfile::TempDir;

/// A folder for a test, and the path of a key file below two folders that do not exist yet.
pub(crate) struct TestFolder {
    pub(crate) root: TempDir,
    pub(crate) path: PathBuf,
}

impl TestFolder {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("config/keys/cli.json");
        Self { root, path }
    }

    pub(crate) fn store(&self) -> FileStore {
        FileStore::new(&self.path)
    }

    pub(crate) fn parent(&self) -> &Path {
        self.path.parent().unwrap()
    }

    pub(crate) fn sibling(&self, suffix: &str) -> PathBuf {
        self.parent().join(format!("cli.json{suffix}"))
    }

    /// Returns the file names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.parent()) else { return vec![] };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Checks that other users have no access to the folder and its files. On Windows, both have the access list of the
    /// folder above, which the store does not change.
    #[cfg(windows)]
    #[expect(clippy::unused_self, reason = "as on Unix")]
    pub(crate) fn assert_private(&self) {}

    /// Checks that other users have no access to the folder and its files.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn assert_private(&self) {
        if self.parent().exists() {
            assert_eq!(mode(self.parent()) & 0o077, 0);
        }
        for name in self.names() {
            assert_eq!(mode(&self.parent().join(&name)) & 0o077, 0, "{name}");
        }
    }

    /// Returns the command for a child process that does `task` with the store. The command line begins with `wrapper`.
    pub(crate) fn child(&self, wrapper: &[&str], task: &str) -> Command {
        let program = env::current_exe().unwrap();
        let arguments = ["--exact", "support::store::as_a_child", "--nocapture", "--test-threads=1"];
        let line =
            wrapper.iter().map(OsStr::new).chain([program.as_os_str()]).chain(arguments.map(OsStr::new));
        let mut line = line.map(ToOwned::to_owned);
        let mut command = Command::new(line.next().unwrap());
        command.args(line).env("TEST_STORE", &self.path).env("TEST_TASK", task);
        command
    }
}

/// The result of a child.
#[derive(Debug, PartialEq)]
pub(crate) enum Ended {
    Done,
    /// The child failed with a [`StoreError`] of this text.
    Failed(String),
    Killed,
}

/// Runs a child until it ends. Panics if it could not start, or ended in another way than a success, a failure or a
/// kill.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Ended {
    let output: Output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => Ended::Done,
        Some(FAILED) => {
            let error = stderr.lines().find_map(|line| line.strip_prefix("error: "));
            Ended::Failed(error.unwrap_or_else(|| panic!("{output:?}")).to_owned())
        }
        // 137 is how a shell reports the kill. strace ends in the same way as its child.
        None | Some(137) => Ended::Killed,
        _ => panic!("{command:?}: {output:?}"),
    }
}

const FAILED: i32 = 3;

/// Runs as a child of other tests. As a test, it does nothing.
#[test]
fn as_a_child() {
    let (Some(path), Ok(task)) = (env::var_os("TEST_STORE"), env::var("TEST_TASK")) else { return };
    let store = FileStore::new(path);
    let words: Vec<_> = task.split(' ').collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let done = runtime.block_on(async {
        match words[..] {
            ["save", name, text] => store.save(&account(name), &key(text)).await,
            ["load", name, text] => {
                store.load(&account(name)).await.map(|found| assert_eq!(found, Some(key(text))))
            }
            ["check", name] => store.check(&account(name)).await,
            ["lock", name] => store.lock_sign_in(&account(name)).await.map(|lock| assert!(lock.is_some())),
            ["delete", name] => store.delete(&account(name)).await.map(drop),
            ["write", first, writers, times] => {
                let [first, writers, times] = [first, writers, times].map(|text| text.parse().unwrap());
                write(&store, first, writers, times).await
            }
            _ => panic!("no such task: {task}"),
        }
    });
    if let Err(error) = done {
        eprintln!("error: {}", chain(&error));
        exit(FAILED);
    }
}

/// How long a change waits for the lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs `writers` concurrently, each of which saves the key of its own account `times` times.
pub(crate) async fn write(store: &FileStore, first: u32, writers: u32, times: u32) -> Result<(), StoreError> {
    let writers = (first..first + writers).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            let account = account(&format!("writer-{writer}"));
            for time in 1..=times {
                let key = key(&format!("key-{writer}-{time}"));
                let mut saved = store.save(&account, &key).await;
                // On a busy machine, ten seconds may not be enough for a hundred writers. A writer that cannot finish
                // within its own time has another error.
                for _ in 0..10 {
                    if matches!(saved, Err(StoreError::InUse { after: LOCK_TIMEOUT, .. })) {
                        saved = store.save(&account, &key).await;
                    }
                }
                saved?;
            }
            Ok::<_, StoreError>(())
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap()?;
    }
    Ok(())
}

/// Returns the message of an error and its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

pub(crate) fn account(name: &str) -> Account {
    Account::new(&Client::new()).named(name).unwrap()
}

pub(crate) fn key(text: &str) -> ApiKey {
    ApiKey::parse(text).unwrap()
}

/// Checks that loading, saving, deleting and checking fail with `is_reason`, and that the file is unchanged.
#[track_caller]
pub(crate) fn assert_rejected(store: &FileStore, is_reason: impl Fn(&StoreError) -> bool) {
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
pub(crate) fn is_unsafe(path: &Path, words: &str) -> impl Fn(&StoreError) -> bool {
    let path = path.to_owned();
    let words = words.to_owned();
    move |error| matches!(error, StoreError::Unsafe { path: found, problem } if *found == path && problem.contains(&words))
}

/// Returns a folder with one key in it.
pub(crate) fn with_a_key() -> TestFolder {
    let folder = TestFolder::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { folder.store().save(&account("work"), &key("old-canary")).await.unwrap() });
    folder
}

/// Locks the file as another program would. It stays locked until the result is dropped.
#[cfg(unix)]
pub(crate) fn hold_lock(path: &Path) -> fs::File {
    let lock = fs::File::open(path).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    lock
}

/// Locks the file as another program would. It stays locked until the result is dropped.
#[cfg(windows)]
pub(crate) fn hold_lock(path: &Path) -> fs::File {
    use std::os::windows::fs::OpenOptionsExt as _;

    fs::File::options().write(true).share_mode(0).open(path).unwrap()
}

#[cfg(unix)]
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;

    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}
