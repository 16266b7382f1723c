//! Keys in a file.

mod content;
mod path;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    thread,
    time::{Duration, Instant},
};

use openrouter_oauth::ApiKey;
use tokio::{runtime::Handle, sync::Mutex};
use zeroize::Zeroizing;

use self::content::Keys;
use self::path::io_error;
#[cfg(unix)]
use self::unix::{Folder, Lock};
#[cfg(windows)]
use self::windows::{Folder, Lock};
use super::{Account, KeyStore, StoreError, StoreFuture, config_dir};

/// Keeps keys in a file that only the user can read.
///
/// ```
/// use openrouter_oauth::{ApiKey, Client};
/// use openrouter_oauth_login::{Account, FileStore, KeyStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = FileStore::for_program("my-cli")?;
/// # let folder = tempfile::tempdir()?;
/// # let store = FileStore::new(folder.path().join("keys/my-cli.json"));
/// let account = Account::new(&Client::new());
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
/// One JSON file with the keys of all accounts, of mode 0600 in a folder of mode 0700. It is replaced as a whole:
/// after a crash, a full disk or a kill it is the old one or the new one. Beside it lies an empty file that ends in
/// `.lock`; whoever changes the file holds it, so that two programs do not undo each other's changes. A file that
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
#[derive(Clone)]
pub struct FileStore {
    path: PathBuf,
    /// In this program changes queue here, first come first served. The lock, which others have too, is taken by whoever looks
    /// at the right moment.
    turn: Arc<Mutex<()>>,
}

/// How long a change waits for its turn and the lock.
const WAIT: Duration = Duration::from_secs(10);

/// More is not read, and so not written.
const MAX_BYTES: usize = 1 << 20;
const TOO_LARGE: &str = "it is larger than any file of keys; move it away, and sign in again";

impl FileStore {
    /// Keeps keys in the file at `path`, which need not exist. Its folder is made if there is none, and should hold nothing
    /// else.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), turn: Arc::default() }
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
        config_dir::check_program(program)?;
        let folder = config_dir::config_dir(|name| std::env::var_os(name))?;
        Ok(Self::new(folder.join("openrouter-oauth").join(format!("{program}.json"))))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does `change` when nobody else changes the file. Whoever drops this before gives up the turn.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Path, &Wait) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (start, caller) = (Instant::now(), Arc::new(()));
        let wait = Wait { start, caller: Arc::downgrade(&caller) };
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let done = self.run(move |path| {
            // Kept until the work is done, even if nobody waits for that anymore.
            let _turn = turn;
            wait.check(path)?;
            change(path, &wait)
        });
        let done = done.await;
        drop(caller);
        done
    }

    /// Does `work` where it may block.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let path = self.path.clone();
        let runtime = Handle::try_current().map_err(|error| no_threads(error.into()))?;
        let done = runtime.spawn_blocking(move || work(&path)).await;
        done.map_err(|error| no_threads(error.into()))?
    }
}

impl KeyStore for FileStore {
    fn load<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        let account = account.clone();
        // Without the lock: the file is replaced in one step.
        Box::pin(self.run(move |path| {
            let Some(folder) = Folder::open(path)? else { return Ok(None) };
            Ok(read(&folder)?.take(&account))
        }))
    }

    fn save<'a>(&'a self, account: &'a Account, key: &'a ApiKey) -> StoreFuture<'a, ()> {
        let (account, key) = (account.clone(), key.clone());
        Box::pin(self.change(move |path, wait| {
            let folder = Folder::create(path)?;
            let _lock = wait.for_lock(&folder)?;
            folder.remove_left_over()?;
            let mut keys = read(&folder)?;
            keys.set(account, key);
            write(&folder, &keys)
        }))
    }

    fn delete<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, bool> {
        let account = account.clone();
        Box::pin(self.change(move |path, wait| {
            let Some(folder) = Folder::open(path)? else { return Ok(false) };
            let _lock = wait.for_lock(&folder)?;
            // It may hold the key as well.
            folder.remove_left_over()?;
            let mut keys = read(&folder)?;
            if keys.take(&account).is_none() {
                return Ok(false);
            }
            if keys.is_empty() {
                folder.remove()?;
            } else {
                write(&folder, &keys)?;
            }
            Ok(true)
        }))
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.path).finish_non_exhaustive()
    }
}

/// For how long to wait.
struct Wait {
    start: Instant,
    /// Gone if nobody waits for the change anymore.
    caller: Weak<()>,
}

impl Wait {
    fn for_lock(&self, folder: &Folder) -> Result<Lock, StoreError> {
        let mut lock = folder.open_lock()?;
        while !lock.try_lock()? {
            let waited = self.start.elapsed();
            if waited >= WAIT {
                return Err(in_use(folder.path()));
            }
            self.check(folder.path())?;
            // Who has waited long looks more often, and so comes before those who have not.
            let pause = if waited < Duration::from_secs(1) { 5000 } else { 200 };
            thread::sleep(Duration::from_micros(pause));
        }
        self.check(folder.path())?;
        Ok(lock)
    }

    /// An error, which nobody sees, if the caller has gone: what has not begun is then not done.
    fn check(&self, path: &Path) -> Result<(), StoreError> {
        if self.caller.strong_count() == 0 { Err(in_use(path)) } else { Ok(()) }
    }
}

fn read(folder: &Folder) -> Result<Keys, StoreError> {
    let Some(file) = folder.open_file()? else { return Ok(Keys::default()) };
    let bytes = read_whole(file).map_err(|error| io_error(folder.path(), "read", error))?;
    bytes
        .ok_or(TOO_LARGE)
        .and_then(|bytes| Keys::parse(&bytes))
        .map_err(|problem| StoreError::Corrupt { place: folder.path().display().to_string(), problem })
}

/// What is in a file, unless it is too large.
fn read_whole(mut file: File) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if size > MAX_BYTES {
        return Ok(None);
    }
    // In its final size from the beginning: growing would leave copies behind.
    let mut bytes = Zeroizing::new(vec![0; size]);
    file.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

fn write(folder: &Folder, keys: &Keys) -> Result<(), StoreError> {
    let bytes = keys.to_json().map_err(|error| io_error(folder.path(), "written", error.into()))?;
    if bytes.as_ref().len() > MAX_BYTES {
        return Err(StoreError::Full { path: folder.path().to_owned() });
    }
    folder.replace(bytes.as_ref())
}

fn in_use(path: &Path) -> StoreError {
    StoreError::InUse { path: path.to_owned(), after: WAIT }
}

fn no_threads(source: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Unavailable {
        store: "key file",
        next: "it needs a tokio runtime that is not shutting down",
        source,
    }
}
