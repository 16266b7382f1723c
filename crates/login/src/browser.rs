//! Opens the page on which the user approves.

use std::{fmt, future::Future, io, pin::Pin, sync::Arc};

use openrouter_oauth::AuthorizeUrl;

mod system;

pub use self::system::SystemBrowser;

/// What [`Browser::open`] returns.
pub type BrowserFuture<'a> = Pin<Box<dyn Future<Output = Result<(), BrowserError>> + Send + 'a>>;

/// Opens a URL in the user's browser.
///
/// A login that cannot open one goes on: the URL stands on the screen, too.
///
/// # Contract
///
/// An implementation hands the URL on as one argument, never through a shell, and starts no program that finds a variable
/// of OpenRouter's in its environment. It returns once the browser is on its way, and does not wait for it to
/// be closed.
pub trait Browser: fmt::Debug + Send + Sync {
    /// Opens `url`.
    ///
    /// # Errors
    ///
    /// If nothing could be started, or what was started failed at once.
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

/// Why no browser was opened.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// There is none on this machine, or none that is known of.
    #[error("there is no browser to open; set BROWSER, or open the URL by hand")]
    Missing,
    /// The program that opens one could not be started.
    #[error("the browser could not be started; open the URL by hand")]
    Start(#[source] io::Error),
    /// The program that opens one failed.
    #[error("the browser could not be opened; open the URL by hand")]
    Failed {
        /// The status it ended with, unless a signal ended it.
        status: Option<i32>,
    },
}
