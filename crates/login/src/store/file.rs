//! A store in a file.

mod content;
mod path;
mod secret_file;
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

use openrouter_oauth::{ApiKey, InvalidValue, transport::WipedBuffer};
use tokio::{runtime::Handle, sync::Mutex};
use zeroize::Zeroizing;

use self::content::Keys;
use self::path::{KeyPath, io_error};
pub use self::secret_file::SecretFile;
#[cfg(unix)]
use self::unix::{Folder, Lock};
#[cfg(windows)]
use self::windows::{Folder, Lock};
use super::{Account, KeyStore, SignInLock, StoreError, StoreFuture, config_dir};

/// A store in a file that, on Unix, only the user can read.
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
/// The keys are not encrypted. Any program that can read the user's files can read them.
///
/// # Files
///
/// The keys of all accounts are in one JSON file of mode 0600, in a folder of mode 0700. A change replaces the whole
/// file, so that a crash, a full disk, or a kill leaves either the old file or the new one. To change it, a program
/// first locks an empty file next to it, with the suffix `.lock`, so that two programs do not undo each other's
/// changes. [`Login::ensure`](crate::Login::ensure) locks a second empty file, with the suffix `.login`, while it signs
/// in, so that only one program at a time does. A killed program may leave a file with the suffix `.new`, which the next
/// change removes.
///
/// The store uses the file and its folder only if they belong to the user, no other user has access, and neither is a
/// symbolic link, a hard link, or a pipe. The folders above may be links, and are trusted.
///
/// On systems other than Unix, the store does not check modes and owners. There, the file inherits the access rules
/// of its folder. On Windows, files below `%LOCALAPPDATA%` are accessible to the user and to administrators.
///
/// # Waiting
///
/// The store reads and writes files on tokio's blocking threads. A change waits at most 10 seconds for another
/// program's lock. On Windows, another program that has the file open, such as a virus scanner, can prevent reading or
/// changing it, so both wait at most 2 more seconds for that.
#[derive(Clone)]
pub struct FileStore {
    file: KeyPath,
    /// A fair queue for the changes of this program. The lock file also excludes other programs, but it is not fair.
    turn: Arc<Mutex<()>>,
}

/// How long a change waits for its turn and the lock.
const WAIT: Duration = Duration::from_secs(10);

/// The suffix of the file that is locked during a change.
const LOCK: &str = ".lock";

/// The suffix of the file that is locked during a sign-in, which takes much longer than a change.
const SIGN_IN_LOCK: &str = ".login";

/// The maximum size of the file. A larger file could not be read, so it is not written either.
const MAX_BYTES: usize = 1 << 20;
const TOO_LARGE: &str = "is larger than any key file; move it away, and sign in again";

impl FileStore {
    /// Creates a store in the file at `path`, which does not need to exist. Saving creates its folder if necessary. The
    /// folder should contain nothing else.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { file: KeyPath { path: path.into(), has_key_folder: false }, turn: Arc::default() }
    }

    /// Creates a store in the default file for `program`: `openrouter-oauth/PROGRAM.json` in the user's configuration
    /// folder. That folder is `$XDG_CONFIG_HOME` or else `~/.config`, and `%LOCALAPPDATA%` on Windows. The program's own
    /// configuration folder is not used, because other users can usually read it.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoFolder`] if the environment does not name a configuration folder. [`StoreError::Invalid`] if
    /// `program` is not 1 to 64 letters, digits, `-`, or `_`.
    pub fn for_program(program: &str) -> Result<Self, StoreError> {
        config_dir::check_program(program)?;
        let folder = config_dir::config_dir(|name| std::env::var_os(name))?;
        let path = folder.join("openrouter-oauth").join(format!("{program}.json"));
        Ok(Self { file: KeyPath { path, has_key_folder: true }, turn: Arc::default() })
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// Runs `change` when its turn comes. If the future is dropped before that, `change` does not run.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&KeyPath, &Wait) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (start, caller) = (Instant::now(), Arc::new(()));
        let wait = Wait { start, caller: Arc::downgrade(&caller) };
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let done = self.run(move |file| {
            // Kept until the work is done, even if the caller stops waiting.
            let _turn = turn;
            wait.check(&file.path)?;
            change(file, &wait)
        });
        let done = done.await;
        drop(caller);
        done
    }

    /// Runs `work` on a thread that may block.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&KeyPath) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let file = self.file.clone();
        let runtime = Handle::try_current().map_err(|error| no_threads(error.into()))?;
        let done = runtime.spawn_blocking(move || work(&file)).await;
        done.map_err(|error| no_threads(error.into()))?
    }
}

impl KeyStore for FileStore {
    fn load<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        let account = account.clone();
        // No lock is needed, because the file is replaced atomically.
        Box::pin(self.run(move |file| {
            let Some(folder) = Folder::open(file)? else { return Ok(None) };
            Ok(read(&folder)?.take(&account))
        }))
    }

    fn save<'a>(&'a self, account: &'a Account, key: &'a ApiKey) -> StoreFuture<'a, ()> {
        let (account, key) = (account.clone(), key.clone());
        Box::pin(self.change(move |file, wait| {
            let folder = Folder::create(file)?;
            let _lock = wait.for_lock(&folder)?;
            folder.remove_left_over()?;
            let mut keys = read(&folder)?;
            keys.set(account, key);
            write(&folder, &keys)
        }))
    }

    fn delete<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, bool> {
        let account = account.clone();
        Box::pin(self.change(move |file, wait| {
            let Some(folder) = Folder::open(file)? else { return Ok(false) };
            let _lock = wait.for_lock(&folder)?;
            // It may contain the key too.
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

    fn check<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, ()> {
        let account = account.clone();
        Box::pin(self.change(move |file, wait| {
            let folder = Folder::create(file)?;
            let _lock = wait.for_lock(&folder)?;
            folder.remove_left_over()?;
            let mut keys = read(&folder)?;
            keys.set(account, longest_key().map_err(StoreError::Invalid)?);
            folder.probe(to_json(&folder, &keys)?.as_ref().len())
        }))
    }

    fn lock_sign_in<'a>(&'a self, _account: &'a Account) -> StoreFuture<'a, Option<SignInLock>> {
        Box::pin(self.run(|file| {
            let mut lock = Folder::create(file)?.open_lock(SIGN_IN_LOCK)?;
            Ok(lock.try_lock()?.then(|| SignInLock::new(lock)))
        }))
    }
}

/// Returns a placeholder of the maximum length of a key.
fn longest_key() -> Result<ApiKey, InvalidValue> {
    ApiKey::parse(&"x".repeat(512))
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.file.path).finish_non_exhaustive()
    }
}

/// The deadline of a change, and whether the caller still waits.
struct Wait {
    start: Instant,
    /// Dangling if the caller has stopped waiting.
    caller: Weak<()>,
}

impl Wait {
    fn for_lock(&self, folder: &Folder) -> Result<Lock, StoreError> {
        let mut lock = folder.open_lock(LOCK)?;
        while !lock.try_lock()? {
            let waited = self.start.elapsed();
            if waited >= WAIT {
                return Err(in_use(folder.path()));
            }
            self.check(folder.path())?;
            // A change that has waited long checks more often, so that it goes before newer ones.
            let pause = if waited < Duration::from_secs(1) { 5000 } else { 200 };
            thread::sleep(Duration::from_micros(pause));
        }
        self.check(folder.path())?;
        Ok(lock)
    }

    /// Fails if the caller has stopped waiting, so that the change does not start. Nobody sees the error.
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

/// Returns the content of a file, unless it is too large.
fn read_whole(mut file: File) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if size > MAX_BYTES {
        return Ok(None);
    }
    // Allocated at its final size, because growing would leave copies in memory.
    let mut bytes = Zeroizing::new(vec![0; size]);
    file.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

fn write(folder: &Folder, keys: &Keys) -> Result<(), StoreError> {
    folder.replace(to_json(folder, keys)?.as_ref())
}

/// Returns the content of the file, unless it is too large.
fn to_json(folder: &Folder, keys: &Keys) -> Result<WipedBuffer, StoreError> {
    let bytes = keys.to_json().map_err(|error| io_error(folder.path(), "written", error.into()))?;
    if bytes.as_ref().len() > MAX_BYTES {
        return Err(StoreError::Full { path: folder.path().to_owned() });
    }
    Ok(bytes)
}

fn in_use(path: &Path) -> StoreError {
    StoreError::InUse { path: path.to_owned(), after: WAIT }
}

fn no_threads(source: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Unavailable {
        store: "key file",
        next: "use it inside a tokio runtime that is not shutting down",
        source,
    }
}
