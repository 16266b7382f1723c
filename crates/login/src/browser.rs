//! Opens the consent page.

use std::{fmt, future::Future, io, pin::Pin, sync::Arc};

use openrouter_oauth::AuthorizeUrl;

mod system;
mod words;

pub use self::system::SystemBrowser;

/// The future that [`Browser::open`] returns.
pub type BrowserFuture<'a> = Pin<Box<dyn Future<Output = Result<(), BrowserError>> + Send + 'a>>;

/// A way to open a URL in the user's browser.
///
/// If no browser opens, the login continues, because the prompt also shows the URL.
///
/// # Contract
///
/// An implementation passes the URL as one argument, never through a shell. It removes the variables that begin with
/// `OPENROUTER_` from the environment of any program that it starts. It returns once the browser is starting, without
/// waiting for the user to close it.
pub trait Browser: fmt::Debug + Send + Sync {
    /// Opens `url`.
    ///
    /// # Errors
    ///
    /// Returns an error if no program could be started, or if the program failed at once.
    fn open<'a>(&'a self, url: &'a AuthorizeUrl) -> BrowserFuture<'a>;
}

impl<T: Browser + ?Sized> Browser for Arc<T> {
    fn open<'a>(&'a self, url: &'a AuthorizeUrl) -> BrowserFuture<'a> {
        (**self).open(url)
    }
}

impl<T: Browser + ?Sized> Browser for Box<T> {
    fn open<'a>(&'a self, url: &'a AuthorizeUrl) -> BrowserFuture<'a> {
        (**self).open(url)
    }
}

/// The error type of [`Browser::open`].
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// No known browser was found on this machine.
    #[error("no browser was found; set BROWSER, or open the URL yourself")]
    Missing,
    /// The program that the variable `BROWSER` names was not found.
    #[error(
        "BROWSER names {program:?}, which was not found; set it to a program, with quotes around a path with spaces, \
         or open the URL yourself"
    )]
    ProgramMissing {
        /// The program.
        program: String,
    },
    /// The program that opens the browser could not be started.
    #[error("the browser could not be started; open the URL yourself")]
    Start(#[source] io::Error),
    /// The program that opens the browser failed.
    #[error("the browser could not be opened; open the URL yourself")]
    Failed {
        /// The exit status of the program, unless a signal ended it.
        status: Option<i32>,
    },
}
