//! Logins without `async`, for programs that have no runtime.

use std::{future::Future, time::Duration};

use tokio::runtime::{Builder, Handle};

use super::{Ensured, Login, SignedIn};
use crate::Error;

impl Login {
    /// Creates a login at the service that `client` calls, with a client whose calls block.
    ///
    /// The login sends each request on a thread of its own, so that it can still respond to the browser, be cancelled,
    /// and time out. It measures time with the client's timer.
    ///
    /// A request that blocks cannot be cancelled: its thread ends when the request does. A transport that claims to
    /// enforce the client's timeout should end it then, and the login waits at most two seconds longer for each attempt.
    /// A tokio runtime that ends does not wait for that thread either.
    ///
    /// ```
    /// # use openrouter_oauth::transport::{Limits, from_fn};
    /// # use openrouter_oauth_login::testing::TestUser;
    /// use openrouter_oauth::blocking::Client;
    /// use openrouter_oauth_login::Login;
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let client = Client::new();
    /// #     let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
    /// #         Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
    /// #     });
    /// #     let client = Client::builder().transport(openrouter).build_blocking()?;
    ///     let login = Login::with_blocking_client(&client).key_label("my-cli");
    /// #     let login = login.prompt(TestUser::pastes(["auth_code_abc123"])).headless(true);
    ///     let client = client.with_key(login.run_blocking()?.key);
    ///     Ok(())
    /// }
    /// ```
    #[cfg(feature = "blocking")]
    pub fn with_blocking_client(client: &openrouter_oauth::blocking::Client) -> Self {
        Self::new(&client.to_async())
    }

    /// Does what [`ensure`](Self::ensure) does, and blocks the thread until it ends. The program needs no runtime.
    ///
    /// ```
    /// # use openrouter_oauth::{transport::{Limits, from_fn}, transport_hyper::TokioTimer};
    /// # use openrouter_oauth_login::testing::TestUser;
    /// use openrouter_oauth::Client;
    /// use openrouter_oauth_login::{FileStore, Login};
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let client = Client::new();
    ///     let store = FileStore::for_program("my-cli")?;
    /// #     let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
    /// #         Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
    /// #     });
    /// #     let client = Client::builder().transport(openrouter).timer(TokioTimer::new()).build()?;
    /// #     let folder = tempfile::tempdir()?;
    /// #     let store = FileStore::new(folder.path().join("keys/my-cli.json"));
    ///     let login = Login::new(&client).key_label("my-cli").store(store);
    /// #     let login = login.prompt(TestUser::pastes(["auth_code_abc123"])).headless(true);
    ///     let key = login.ensure_blocking()?.into_key();
    /// #     assert_eq!(key.expose(), "sk-or-v1-0e6f");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// For Ctrl-C, see [`run_blocking`](Self::run_blocking).
    ///
    /// # Errors
    ///
    /// As for [`ensure`](Self::ensure). [`Error::InsideRuntime`] inside a tokio runtime, including its threads for
    /// blocking work, and [`Error::Runtime`] if the operating system has no resources for one.
    pub fn ensure_blocking(self) -> Result<Ensured, Error> {
        block_on(self.ensure())
    }

    /// Does what [`run`](Self::run) does, and blocks the thread until it ends. The program needs no runtime.
    ///
    /// The login runs on this thread, in a tokio runtime of its own, which ends with it. If the login is cancelled
    /// while a request is running on another thread, that thread ends when the request does.
    ///
    /// Ctrl-C ends the program. Do not call [`cancel_on_ctrl_c`](Self::cancel_on_ctrl_c): after the login, Ctrl-C would
    /// no longer end the program, and only tokio could watch for it. To handle Ctrl-C, install a handler, for example
    /// with the crate `ctrlc`, that calls [`Cancel::cancel`](crate::Cancel::cancel).
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run). [`Error::InsideRuntime`] inside a tokio runtime, including its threads for blocking
    /// work, and [`Error::Runtime`] if the operating system has no resources for one.
    pub fn run_blocking(self) -> Result<SignedIn, Error> {
        block_on(self.run())
    }
}

/// How long to wait for work on the runtime's threads that outlasts the login. A name lookup cannot be stopped. A
/// second lets a store finish its write, and is short enough after Ctrl-C.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

fn block_on<T>(login: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    // Tokio would panic.
    if Handle::try_current().is_ok() {
        return Err(Error::InsideRuntime);
    }
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Error::Runtime)?;
    let result = runtime.block_on(login);
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    result
}
