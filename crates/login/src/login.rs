//! The login and its settings.

mod blocking;
mod ensured;
pub(crate) mod options;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use openrouter_oauth::{Client, CreditLimit, KeyLabel, WorkspaceId, models::InvalidValue, transport::Timer};

use self::options::Options;
pub use self::{ensured::Ensured, options::SignedIn};
use crate::{
    Account, Browser, Cancel, Error, Event, KeyStore, Prompt, SystemBrowser, TerminalPrompt, session,
};

/// A sign-in from a program in a terminal.
///
/// [`ensure`](Self::ensure) returns the stored key, and signs in only if there is none or OpenRouter rejects it.
/// [`run`](Self::run) always signs in.
///
/// To sign in, a login listens on a free port of `127.0.0.1`, opens the browser, and waits until the browser returns
/// with a code or the user pastes one. Over SSH, in a container, or without a display, OpenRouter's page shows the code
/// instead. The login then exchanges the code for a key, saves the key in the [store](Self::store), if there is one,
/// shows the result in the browser, and returns the key.
///
/// The user can paste three codes. After a third one that is wrong or rejected, the login waits only for the browser,
/// or ends if no browser can reach it. A response that is not OpenRouter's ends the login at once, because it says
/// nothing about the code.
///
/// A later error does not hide a rejection. If OpenRouter rejects a code and the input then ends, the login returns the
/// rejection. If the login times out instead, the rejection is the [source](std::error::Error::source) of
/// [`Error::TimedOut`]. A user who cancels has already seen the rejection at the prompt, so the login returns
/// [`Error::Cancelled`].
///
/// ```
/// # use openrouter_oauth::{transport::{Limits, from_fn}, transport_hyper::TokioTimer};
/// # use openrouter_oauth_login::testing::TestUser;
/// use openrouter_oauth::Client;
/// use openrouter_oauth_login::Login;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new();
/// # let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
/// #     Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
/// # });
/// # let client = Client::builder().transport(openrouter).timer(TokioTimer::new()).build()?;
/// let login = Login::new(&client).key_label("my-cli");
/// # let login = login.prompt(TestUser::pastes(["auth_code_abc123"])).headless(true);
/// let signed_in = login.run().await?;
/// println!("Signed in as {}", signed_in.user_id.as_deref().unwrap_or("unknown user"));
/// # assert_eq!(signed_in.user_id.as_deref(), Some("user_1"));
/// # Ok(())
/// # }
/// ```
#[must_use = "`ensure` and `run` sign in"]
pub struct Login {
    options: Options,
    /// The first invalid setting; `run` returns it.
    invalid: Option<InvalidValue>,
}

/// The lifetime of a code.
const TIMEOUT: Duration = Duration::from_secs(600);

impl Login {
    /// Creates a login at the service that `client` calls.
    pub fn new(client: &Client) -> Self {
        Self {
            options: Options {
                client: client.clone(),
                key_label: None,
                limit: None,
                workspace_id: None,
                required_workspace_id: None,
                port: 0,
                headless: None,
                browser: Some(Arc::new(SystemBrowser::new())),
                prompt: Some(Arc::new(TerminalPrompt::new())),
                store: None,
                account: Account::new(client),
                events: Arc::new(|_| {}),
                cancel: Cancel::new(),
                cancels_on_ctrl_c: false,
                timeout: TIMEOUT,
                timer: client.timer().cloned(),
            },
            invalid: None,
        }
    }

    /// Sets the label by which the user recognizes the key, 1 to 100 characters. The default is
    /// [`default_key_label`](crate::default_key_label) for the running program's file name.
    pub fn key_label<L>(mut self, label: L) -> Self
    where
        L: TryInto<KeyLabel>,
        L::Error: Into<InvalidValue>,
    {
        self.options.key_label = self.checked(label.try_into());
        self
    }

    /// Proposes a credit limit for the key, in US dollars: see
    /// [`Authorize::limit`](openrouter_oauth::Authorize::limit).
    pub fn limit<L>(mut self, limit: L) -> Self
    where
        L: TryInto<CreditLimit>,
        L::Error: Into<InvalidValue>,
    {
        self.options.limit = self.checked(limit.try_into());
        self
    }

    /// Proposes a workspace for the key.
    pub fn workspace_id<W>(mut self, workspace: W) -> Self
    where
        W: TryInto<WorkspaceId>,
        W::Error: Into<InvalidValue>,
    {
        self.options.workspace_id = self.checked(workspace.try_into());
        self
    }

    /// Allows only this workspace for the key.
    pub fn required_workspace_id<W>(mut self, workspace: W) -> Self
    where
        W: TryInto<WorkspaceId>,
        W::Error: Into<InvalidValue>,
    {
        self.options.required_workspace_id = self.checked(workspace.try_into());
        self
    }

    /// Listens on this port of `127.0.0.1` instead of a free one. Another program that knows the port can take it
    /// first: the login then returns [`Error::Listener`].
    pub fn port(mut self, port: u16) -> Self {
        self.options.port = port;
        self
    }

    /// Sets whether OpenRouter's page shows a code to paste, because no browser can reach this program. By default,
    /// [`Headless::detect`](crate::Headless::detect) decides.
    pub fn headless(mut self, headless: bool) -> Self {
        self.options.headless = Some(headless);
        self
    }

    /// Opens this browser instead of the user's.
    pub fn browser(mut self, browser: impl Browser + 'static) -> Self {
        self.options.browser = Some(Arc::new(browser));
        self
    }

    /// Disables opening a browser. The user opens the URL instead.
    pub fn no_browser(mut self) -> Self {
        self.options.browser = None;
        self
    }

    /// Shows the URL and asks for a code with this prompt instead of [`TerminalPrompt::new`].
    pub fn prompt(mut self, prompt: impl Prompt + 'static) -> Self {
        self.options.prompt = Some(Arc::new(prompt));
        self
    }

    /// Disables the prompt. Only [`Event::Url`] reports the URL.
    pub fn no_prompt(mut self) -> Self {
        self.options.prompt = None;
        self
    }

    /// Saves the key in this store, for the client's [`Account`].
    ///
    /// [`ensure`](Self::ensure) returns the key in the store if it can. [`run`](Self::run) always replaces it. Before the
    /// browser opens, both [check](KeyStore::check) that the store can save a key.
    pub fn store(mut self, store: impl KeyStore + 'static) -> Self {
        self.options.store = Some(Arc::new(store));
        self
    }

    /// Saves the key under this account name instead of `default`: see [`Account::named`].
    pub fn account(mut self, name: &str) -> Self {
        let account = self.options.account.clone().named(name);
        if let Some(account) = self.checked(account) {
            self.options.account = account;
        }
        self
    }

    /// Calls `report` for each event of the login. The closure must not block. A panic in it does not end the login,
    /// because that could lose a key.
    pub fn on_event(mut self, report: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.options.events = Arc::new(move |event| {
            // The panic hook has already reported it.
            let _panicked = catch_unwind(AssertUnwindSafe(|| report(event)));
        });
        self
    }

    /// Ends the login when `cancel` is cancelled.
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.options.cancel = cancel;
        self
    }

    /// Makes Ctrl-C end the login instead of the process. Ctrl-C then no longer ends this process, even after the
    /// login: see `tokio::signal::ctrl_c`. Not for [`run_blocking`](Self::run_blocking) and
    /// [`ensure_blocking`](Self::ensure_blocking).
    pub fn cancel_on_ctrl_c(mut self) -> Self {
        self.options.cancels_on_ctrl_c = true;
        self
    }

    /// Sets the timeout of the login. The default is ten minutes, the lifetime of a code. An exchange that is still
    /// running then gets 30 more seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// Measures time with this timer instead of the client's.
    pub fn timer(mut self, timer: impl Timer + 'static) -> Self {
        self.options.timer = Some(Arc::new(timer));
        self
    }

    /// Returns the key in the [store](Self::store). Signs in if there is none, or if OpenRouter rejects it. Call this
    /// each time the program starts: the user signs in once.
    ///
    /// First, OpenRouter checks the stored key (`GET /key`, at most 10 seconds).
    ///
    /// | OpenRouter or the network | `ensure` |
    /// | --- | --- |
    /// | accepts the key | returns the stored key: [`Ensured::Accepted`] |
    /// | rejects the key (401): the user has deleted or disabled it | signs in and replaces the key: [`Ensured::SignedIn`] |
    /// | cannot be reached, or limits the key or the requests | returns the stored key: [`Ensured::Unchecked`] |
    /// | something else responded, such as a firewall | returns the stored key: [`Ensured::Unchecked`] |
    ///
    /// Only a 401 with one of OpenRouter's error bodies shows that the stored key is bad. Any other failure says
    /// nothing about the key, so `ensure` does not make the user sign in again.
    ///
    /// ```
    /// # use openrouter_oauth::{transport::{Limits, from_fn}, transport_hyper::TokioTimer};
    /// # use openrouter_oauth_login::testing::TestUser;
    /// use openrouter_oauth::Client;
    /// use openrouter_oauth_login::{Ensured, FileStore, Login};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::new();
    /// let store = FileStore::for_program("my-cli")?;
    /// # let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
    /// #     Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
    /// # });
    /// # let client = Client::builder().transport(openrouter).timer(TokioTimer::new()).build()?;
    /// # let folder = tempfile::tempdir()?;
    /// # let store = FileStore::new(folder.path().join("keys/my-cli.json"));
    /// let login = Login::new(&client).key_label("my-cli").store(store);
    /// # let login = login.prompt(TestUser::pastes(["auth_code_abc123"])).headless(true);
    /// let ensured = login.ensure().await?;
    /// match &ensured {
    ///     Ensured::Unchecked { error, .. } => eprintln!("could not check the stored key: {error}"),
    ///     Ensured::SignedIn(new) => {
    ///         if let Some(error) = &new.not_stored {
    ///             eprintln!("could not store the key, so the next start signs in again: {error}");
    ///         }
    ///         if let Some(old) = &new.replaced {
    ///             eprintln!("replaced a key that OpenRouter rejected: {}", old.settings());
    ///         }
    ///     }
    ///     _ => {}
    /// }
    /// let client = client.with_key(ensured.into_key());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Several processes that start at once sign in once if they share a [`FileStore`](crate::FileStore): the others
    /// wait for the first, at most for this login's [timeout](Self::timeout), and then return its key. A store of
    /// your own needs [`KeyStore::lock_sign_in`] for that.
    ///
    /// A key that is accepted now can be rejected later. If a call fails with a 401
    /// ([`is_unauthorized`](openrouter_oauth::Error::is_unauthorized)), call `ensure` again.
    ///
    /// # Errors
    ///
    /// See [`Error`]. Without a store, the error is [`Error::Sdk`] with an invalid setting.
    ///
    /// # Panics
    ///
    /// Like [`run`](Self::run).
    pub async fn ensure(self) -> Result<Ensured, Error> {
        if let Some(invalid) = self.invalid {
            return Err(invalid.into());
        }
        Box::pin(session::ensure(self.options)).await
    }

    /// Signs in, and returns a new key, even if the [store](Self::store) already has one. Most programs need
    /// [`ensure`](Self::ensure) instead.
    ///
    /// Call this inside a tokio runtime with I/O and time enabled.
    ///
    /// Dropping the future frees the port and ends the prompt. After the user has approved, dropping it can lose a new
    /// key, so prefer [`Cancel`].
    ///
    /// # Errors
    ///
    /// See [`Error`]. Nothing that the user or the network does causes a panic or an endless wait.
    ///
    /// # Panics
    ///
    /// Panics if the tokio runtime has I/O or time disabled.
    pub async fn run(self) -> Result<SignedIn, Error> {
        if let Some(invalid) = self.invalid {
            return Err(invalid.into());
        }
        // Boxed, because the future is large and would enlarge every future that awaits it.
        Box::pin(session::run(self.options)).await
    }

    /// Returns the value. Remembers the first error, and returns `None`.
    fn checked<T, E: Into<InvalidValue>>(&mut self, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.invalid.get_or_insert(error.into())).ok()
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("client", &self.options.client)
            .field("key_label", &self.options.key_label)
            .field("port", &self.options.port)
            .field("browser", &self.options.browser)
            .field("prompt", &self.options.prompt)
            .field("store", &self.options.store)
            .field("timeout", &self.options.timeout)
            .finish_non_exhaustive()
    }
}
