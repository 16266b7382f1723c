//! Keys in a file.

mod content;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    thread,
    time::{Duration, Instant},
};

use openrouter_oauth::ApiKey;
use tokio::runtime::Handle;

use self::content::Keys;
#[cfg(unix)]
use self::unix::{Folder, Lock};
#[cfg(windows)]
use self::windows::{Folder, Lock};
use super::{Account, KeyStore, StoreError, StoreFuture, place};

/// Keeps keys in a file that only the user can read.
///
/// ```
/// use openrouter_oauth::{ApiKey, Client};
/// use openrouter_oauth_login::{Account, FileStore, KeyStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("keys/my-cli.json");
/// # #[cfg(any())]
/// let store = FileStore::for_program("my-cli")?;
/// # let store = FileStore::new(path);
/// let account = Account::of(&Client::new()?);
/// store.save(&account, &ApiKey::parse("sk-or-v1-0e6f")?).await?;
/// assert!(store.load(&account).await?.is_some());
/// # Ok(())
/// # }
/// ```
///
/// The keys are not encrypted: whoever can read the user's files has them.
///
/// # What is on the disk
///
/// One JSON file with the keys of all accounts, of mode 0600 in a folder of mode 0700 (S-6). It is replaced as a whole:
/// after a crash, a full disk or a kill it is the old one or the new one. Beside it lies an empty file that ends in
/// `.lock`; whoever changes the file holds it, so that two programs do not undo each other's changes (S-7). A file that
/// ends in `.new` was left by a program that was killed; the next change removes it.
///
/// The file and its folder are used only if they belong to the user, nobody else has access, and they are what they seem:
/// not a symbolic link, a hard link or a pipe. Folders above may be links, and are trusted.
///
/// Elsewhere than on Unix the modes and the owner are not looked at: there the file has the access rules of the folder it
/// is made in, which on Windows admit the user and the administrators to what is below `%APPDATA%`.
///
/// # Waiting
///
/// Files are read and written on tokio's threads for blocking work. A change waits at most 10 seconds for another program's
/// lock.
#[derive(Clone, Debug)]
pub struct FileStore {
    path: PathBuf,
}

/// How long a change waits for the lock, and how often it looks.
const WAIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);

/// More is not read, and so not written.
const MAX_BYTES: usize = 1 << 20;
const TOO_LARGE: &str = "it is larger than any file of keys; move it away, and sign in again";

impl FileStore {
    /// Keeps keys in the file at `path`, which need not exist. Its folder is made if there is none, and should hold nothing
    /// else.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Keeps keys where this program's belong: `openrouter-oauth/PROGRAM.json` in the user's folder for configuration, which
    /// is `$XDG_CONFIG_HOME` or else `~/.config`, and `%APPDATA%` on Windows. The folder is not the program's own, since
    /// that one is usually open to others.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoFolder`] if the environment names no such folder; [`StoreError::Invalid`] if `program` is not 1 to
    /// 64 letters, digits, `-` and `_`.
    pub fn for_program(program: &str) -> Result<Self, StoreError> {
        place::check_program(program)?;
        let folder = place::config_folder(|name| std::env::var_os(name))?;
        Ok(Self::new(folder.join("openrouter-oauth").join(format!("{program}.json"))))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` where it may block. It is told by the [`Weak`] when nobody waits for it anymore.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path, &Weak<()>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (path, caller) = (self.path.clone(), Arc::new(()));
        let waits = Arc::downgrade(&caller);
        let runtime = Handle::try_current().map_err(|error| no_threads(error.into()))?;
        let done = runtime.spawn_blocking(move || work(&path, &waits)).await;
        drop(caller);
        done.map_err(|error| no_threads(error.into()))?
    }
}

impl KeyStore for FileStore {
    fn load<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        let account = account.clone();
        Box::pin(self.run(move |path, _| {
            let Some(folder) = Folder::open(path)? else { return Ok(None) };
            Ok(read(&folder)?.take(&account))
        }))
    }

    fn save<'a>(&'a self, account: &'a Account, key: &'a ApiKey) -> StoreFuture<'a, ()> {
        let (account, key) = (account.clone(), key.clone());
        Box::pin(self.run(move |path, caller| {
            let folder = Folder::create(path)?;
            let _lock = wait_for_lock(&folder, caller)?;
            folder.remove_left_over()?;
            let mut keys = read(&folder)?;
            keys.set(account, key);
            write(&folder, &keys)
        }))
    }

    fn delete<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, bool> {
        let account = account.clone();
        Box::pin(self.run(move |path, caller| {
            let Some(folder) = Folder::open(path)? else { return Ok(false) };
            let _lock = wait_for_lock(&folder, caller)?;
            // It may hold the key as well (S-9).
            folder.remove_left_over()?;
            let mut keys = read(&folder)?;
            if keys.take(&account).is_none() {
                return Ok(false);
            }
            if keys.is_empty() {
                folder.remove()?
            } else {
                write(&folder, &keys)?
            }
            Ok(true)
        }))
    }
}

fn wait_for_lock(folder: &Folder, caller: &Weak<()>) -> Result<Lock, StoreError> {
    let start = Instant::now();
    let mut lock = folder.open_lock()?;
    while !lock.try_lock()? {
        if start.elapsed() >= WAIT || caller.strong_count() == 0 {
            return Err(StoreError::Locked { path: folder.path().to_owned(), after: WAIT });
        }
        thread::sleep(PAUSE);
    }
    Ok(lock)
}

fn read(folder: &Folder) -> Result<Keys, StoreError> {
    let Some(bytes) = folder.read(MAX_BYTES)? else { return Ok(Keys::default()) };
    Keys::parse(&bytes)
        .map_err(|problem| StoreError::Corrupt { place: format!("{:?}", folder.path()), problem })
}

fn write(folder: &Folder, keys: &Keys) -> Result<(), StoreError> {
    let bytes = keys.to_json().map_err(|error| io_error(folder.path(), "written", error.into()))?;
    if bytes.as_ref().len() > MAX_BYTES {
        return Err(StoreError::Full { place: format!("{:?}", folder.path()) });
    }
    folder.replace(bytes.as_ref())
}

/// The path of a file beside the one at `path`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn unsafe_path(path: &Path, problem: &'static str) -> StoreError {
    StoreError::Unsafe { path: path.to_owned(), problem }
}

fn io_error(path: &Path, verb: &'static str, source: io::Error) -> StoreError {
    StoreError::Io { path: path.to_owned(), verb, source }
}

fn no_threads(source: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Unavailable {
        store: "key file",
        next: "it needs a tokio runtime that is not shutting down",
        source,
    }
}
