//! A login and its settings.

pub(crate) mod options;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use openrouter_oauth::{Client, CreditLimit, KeyLabel, WorkspaceId, models::InvalidValue, transport::Timer};

use self::options::Options;
pub use self::options::SignedIn;
use crate::{
    Account, Browser, Cancel, Error, Event, KeyStore, Prompt, SystemBrowser, TerminalPrompt, session,
};

/// Signs a user in from a program in a terminal.
///
/// It listens on a free port of `127.0.0.1`, opens the browser, and waits for it to come back with a code, or for the user
/// to paste one, whichever is first. Over SSH, in a container or without a display it asks for a page that shows the code
/// instead. The code is exchanged once; the browser is told what came of it; the key is stored, if a [store](Self::store)
/// is given, and returned.
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
/// println!("signed in as {:?}", signed_in.user_id);
/// # assert_eq!(signed_in.user_id.as_deref(), Some("user_1"));
/// # Ok(())
/// # }
/// ```
#[must_use = "`run` signs in"]
pub struct Login {
    options: Options,
    /// The first invalid setting; `run` returns it.
    invalid: Option<InvalidValue>,
}

/// As long as a code lives.
const TIMEOUT: Duration = Duration::from_secs(600);

impl Login {
    /// A login at the service that `client` calls.
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

    /// Names the key, so that the user finds it again: 1 to 100 characters. By default
    /// [`default_key_label`](crate::default_key_label) of the file that runs.
    pub fn key_label<L>(mut self, label: L) -> Self
    where
        L: TryInto<KeyLabel>,
        L::Error: Into<InvalidValue>,
    {
        self.options.key_label = self.checked(label.try_into());
        self
    }

    /// Proposes what the key may spend, in US dollars, as [`Authorize::limit`](openrouter_oauth::Authorize::limit) does.
    pub fn limit<L>(mut self, limit: L) -> Self
    where
        L: TryInto<CreditLimit>,
        L::Error: Into<InvalidValue>,
    {
        self.options.limit = self.checked(limit.try_into());
        self
    }

    /// Proposes the workspace that the key belongs to.
    pub fn workspace_id<W>(mut self, workspace: W) -> Self
    where
        W: TryInto<WorkspaceId>,
        W::Error: Into<InvalidValue>,
    {
        self.options.workspace_id = self.checked(workspace.try_into());
        self
    }

    /// Allows only this workspace.
    pub fn required_workspace_id<W>(mut self, workspace: W) -> Self
    where
        W: TryInto<WorkspaceId>,
        W::Error: Into<InvalidValue>,
    {
        self.options.required_workspace_id = self.checked(workspace.try_into());
        self
    }

    /// Listens on this port of `127.0.0.1` in place of a free one. Whoever knows the port beforehand can take it first; a
    /// port that is taken is [`Error::Listener`].
    pub fn port(mut self, port: u16) -> Self {
        self.options.port = port;
        self
    }

    /// Says whether the page shows a code to paste, because no browser can reach this machine. By default
    /// [`Headless::detect`](crate::Headless::detect) decides.
    pub fn headless(mut self, headless: bool) -> Self {
        self.options.headless = Some(headless);
        self
    }

    /// Opens this browser in place of the user's.
    pub fn browser(mut self, browser: impl Browser + 'static) -> Self {
        self.options.browser = Some(Arc::new(browser));
        self
    }

    /// Opens no browser: the user opens the URL by hand.
    pub fn no_browser(mut self) -> Self {
        self.options.browser = None;
        self
    }

    /// Shows the URL and asks for a code in this way, in place of the terminal.
    pub fn prompt(mut self, prompt: impl Prompt + 'static) -> Self {
        self.options.prompt = Some(Arc::new(prompt));
        self
    }

    /// Shows nothing and asks for nothing: the URL is told by [`Event::Url`] alone.
    pub fn no_prompt(mut self) -> Self {
        self.options.prompt = None;
        self
    }

    /// Keeps the key in this store, for the client's [`Account`]. The store is asked once before the login begins, so that
    /// no key is made which cannot be kept.
    pub fn store(mut self, store: impl KeyStore + 'static) -> Self {
        self.options.store = Some(Arc::new(store));
        self
    }

    /// Keeps it under this name in place of `default`: see [`Account::named`].
    pub fn account(mut self, name: &str) -> Self {
        let account = self.options.account.clone().named(name);
        if let Some(account) = self.checked(account) {
            self.options.account = account;
        }
        self
    }

    /// Tells of everything that happens. The closure must not block. If it panics, that ends nothing: a key that was made
    /// would be lost.
    pub fn on_event(mut self, report: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.options.events = Arc::new(move |event| {
            // The panic was printed, or whatever else the program does with panics.
            let _panicked = catch_unwind(AssertUnwindSafe(|| report(event)));
        });
        self
    }

    /// Ends the login when `cancel` says so.
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.options.cancel = cancel;
        self
    }

    /// Ends the login on Ctrl-C, in place of the process. Ctrl-C does then not end this process by itself any more, also
    /// after the login: see `tokio::signal::ctrl_c`.
    pub fn cancel_on_ctrl_c(mut self) -> Self {
        self.options.cancels_on_ctrl_c = true;
        self
    }

    /// Ends the login after this time: by default ten minutes, as long as a code lives. An exchange that runs then has half
    /// a minute more.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// Holds its deadlines by this clock, in place of the client's.
    pub fn timer(mut self, timer: impl Timer + 'static) -> Self {
        self.options.timer = Some(Arc::new(timer));
        self
    }

    /// Signs in.
    ///
    /// It runs in a tokio runtime with I/O and time enabled.
    ///
    /// Dropping the future frees the port and ends the prompt. If that happens after the user has approved, a key may have
    /// been made that nobody holds: [`Cancel`] is the better way.
    ///
    /// # Errors
    ///
    /// See [`Error`]: nothing that the user or the network does is a panic, and every wait ends.
    ///
    /// # Panics
    ///
    /// In a tokio runtime without I/O or time.
    pub async fn run(self) -> Result<SignedIn, Error> {
        if let Some(invalid) = self.invalid {
            return Err(invalid.into());
        }
        // It is large, and would be so in every future that waits for it.
        Box::pin(session::run(self.options)).await
    }

    /// The value, or none and a note of what is wrong with it.
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
