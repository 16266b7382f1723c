//! Opens the consent page.

use std::{fmt, future::Future, io, pin::Pin, sync::Arc};

use openrouter_oauth::AuthorizeUrl;

mod system;

pub use self::system::SystemBrowser;

/// The future that [`Browser::open`] returns.
pub type BrowserFuture<'a> = Pin<Box<dyn Future<Output = Result<(), BrowserError>> + Send + 'a>>;

/// A way to open a URL in the user's browser.
///
/// A login continues if no browser opens, because the prompt shows the URL too.
///
/// # Contract
///
/// An implementation passes the URL as one argument, never through a shell. It removes OpenRouter's variables from the
/// environment of any program that it starts. It returns as soon as the browser is starting, and does not wait until
/// the user closes it.
pub trait Browser: fmt::Debug + Send + Sync {
    /// Opens `url`.
    ///
    /// # Errors
    ///
    /// If no program could be started, or the program failed at once.
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
