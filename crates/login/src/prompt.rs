//! Shows the instructions to the user, and reads the code that they paste.

use std::{fmt, future::Future, io, pin::Pin, sync::Arc};

use openrouter_oauth::{AuthorizeUrl, KeyLabel};
use zeroize::Zeroizing;

#[cfg(not(unix))]
mod console;
mod messages;
#[cfg(unix)]
mod pipe;
mod print;
mod terminal;
#[cfg(unix)]
mod tty;

pub use self::terminal::TerminalPrompt;

/// The future that [`Prompt::ask`] returns.
pub type PromptFuture<'a> = Pin<Box<dyn Future<Output = Result<Pasted, PromptError>> + Send + 'a>>;

/// A way to show the sign-in instructions to the user and to read the code that they paste.
///
/// ```
/// use openrouter_oauth_login::{Pasted, Prompt, PromptError, PromptFuture, SignInInstructions};
///
/// /// A prompt in a window.
/// #[derive(Debug)]
/// struct Dialog;
///
/// impl Prompt for Dialog {
///     fn show(&self, instructions: &SignInInstructions<'_>) {
///         set_text(instructions.url.as_str());
///     }
///
///     fn ask<'a>(&'a self, problem: Option<&'a str>) -> PromptFuture<'a> {
///         Box::pin(async move {
///             set_text(problem.unwrap_or_default());
///             text_field().await.map(Pasted::new).ok_or(PromptError::Closed)
///         })
///     }
/// }
/// # fn set_text(_: &str) {}
/// # async fn text_field() -> Option<String> { Some("auth_code_abc123".to_owned()) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # assert_eq!(Dialog.ask(None).await.unwrap().expose(), "auth_code_abc123");
/// # }
/// ```
pub trait Prompt: fmt::Debug + Send + Sync {
    /// Shows the URL at which to sign in. A login calls this once, before it waits for anything.
    fn show(&self, instructions: &SignInInstructions<'_>);

    /// Asks for the code, and waits for it. `problem` tells the user what was wrong with the last one. If OpenRouter
    /// rejected it, `problem` contains OpenRouter's message.
    ///
    /// A login calls this again after a wrong or rejected code, and accepts three codes in all.
    ///
    /// The login drops the future when the sign-in ends in another way. The prompt must then release the terminal.
    ///
    /// # Errors
    ///
    /// * [`PromptError::Closed`] ends the login. If the user has pasted a wrong code before, that is the login's error:
    ///   the rejection, or [`Error::NoCode`](crate::Error::NoCode). Otherwise, it is
    ///   [`Error::Cancelled`](crate::Error::Cancelled).
    /// * [`PromptError::TooLong`] counts as one of the three codes.
    /// * After [`PromptError::Unavailable`] and [`PromptError::Io`], the login continues without a prompt. If no
    ///   browser can reach it, it ends, with the error of the last code if there was one.
    fn ask<'a>(&'a self, problem: Option<&'a str>) -> PromptFuture<'a>;
}

impl<T: Prompt + ?Sized> Prompt for Arc<T> {
    fn show(&self, instructions: &SignInInstructions<'_>) {
        (**self).show(instructions);
    }

    fn ask<'a>(&'a self, problem: Option<&'a str>) -> PromptFuture<'a> {
        (**self).ask(problem)
    }
}

impl<T: Prompt + ?Sized> Prompt for Box<T> {
    fn show(&self, instructions: &SignInInstructions<'_>) {
        (**self).show(instructions);
    }

    fn ask<'a>(&'a self, problem: Option<&'a str>) -> PromptFuture<'a> {
        (**self).ask(problem)
    }
}

/// The instructions that the prompt shows when a sign-in begins.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct SignInInstructions<'a> {
    /// The URL at which to sign in.
    pub url: &'a AuthorizeUrl,
    /// Whether the page shows a code to paste, because no browser can reach this program.
    pub is_headless: bool,
    /// The label of the new key.
    pub key_label: &'a KeyLabel,
}

/// The text that a user pasted, unchanged. It may contain a code, so its memory is wiped when it is dropped.
pub struct Pasted(Zeroizing<String>);

/// The error type of [`Prompt::ask`].
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The user ended the input, for example with Ctrl-D at a terminal. This ends the login.
    #[error("the input ended")]
    Closed,
    /// There is no terminal, or the program is in the background.
    #[error("there is no terminal to paste a code into")]
    Unavailable,
    /// The pasted text is longer than any code or URL.
    #[error("the pasted text is too long")]
    TooLong,
    /// The terminal or standard input could not be read.
    #[error("the input could not be read")]
    Io(#[source] io::Error),
}

impl<'a> SignInInstructions<'a> {
    /// Creates instructions for testing a [`Prompt`].
    pub fn new(url: &'a AuthorizeUrl, key_label: &'a KeyLabel, is_headless: bool) -> Self {
        Self { url, is_headless, key_label }
    }
}

/// The maximum length of the pasted text. Every code and URL is shorter.
const MAX_BYTES: usize = 4096;

impl Pasted {
    /// Wraps pasted text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Wraps pasted bytes. Invalid UTF-8 becomes U+FFFD. No unwiped copy is left.
    fn from_utf8_lossy(bytes: &[u8]) -> Self {
        let mut text = String::with_capacity(bytes.len() * char::REPLACEMENT_CHARACTER.len_utf8());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Self::new(text)
    }

    /// Returns the text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pasted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pasted([redacted])")
    }
}
