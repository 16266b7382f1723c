//! Shows a sign-in to the user, and takes the code that they paste.

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

/// What [`Prompt::ask`] returns.
pub type PromptFuture<'a> = Pin<Box<dyn Future<Output = Result<Pasted, PromptError>> + Send + 'a>>;

/// Shows a sign-in to the user in front of the program, and takes the code that they paste.
///
/// ```
/// use openrouter_oauth_login::{Pasted, Prompt, PromptError, PromptFuture, SignInInstructions};
///
/// /// Asks in a window.
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
    /// Shows where to sign in. Called once, before anything is waited for.
    fn show(&self, instructions: &SignInInstructions<'_>);

    /// Asks for the code, and waits for it. `problem` says what was wrong with the one before, in words for the user.
    ///
    /// The future is dropped when the sign-in ends in another way: it must then leave the terminal to the program.
    ///
    /// # Errors
    ///
    /// * [`PromptError::Closed`] cancels the login.
    /// * [`PromptError::TooLong`] counts as one of the three codes that may be pasted.
    /// * After [`PromptError::Unavailable`] and [`PromptError::Io`] the login goes on without asking.
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

/// What the prompt shows when a sign-in begins.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct SignInInstructions<'a> {
    /// Where to sign in.
    pub url: &'a AuthorizeUrl,
    /// Whether the page shows a code that has to be pasted, because no browser can reach this machine.
    pub is_headless: bool,
    /// The label of the key.
    pub key_label: &'a KeyLabel,
}

/// What a user pasted, as it came: it may hold a code. Wiped when dropped.
pub struct Pasted(Zeroizing<String>);

/// Why nothing was pasted.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The user ended the input, at a terminal with Ctrl-D. The login is cancelled.
    #[error("the input was ended")]
    Closed,
    /// There is no terminal, or nobody at it.
    #[error("there is no terminal to paste a code into")]
    Unavailable,
    /// More was pasted than any code or URL has.
    #[error("too much was pasted")]
    TooLong,
    /// The terminal, or standard input, cannot be read.
    #[error("the input cannot be read")]
    Io(#[source] io::Error),
}

impl<'a> SignInInstructions<'a> {
    /// Creates instructions, for the tests of a [`Prompt`].
    pub fn new(url: &'a AuthorizeUrl, key_label: &'a KeyLabel, is_headless: bool) -> Self {
        Self { url, is_headless, key_label }
    }
}

/// More than any code or URL has.
const MAX_BYTES: usize = 4096;

impl Pasted {
    /// Takes what was pasted.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Takes what was pasted, with a replacement character for what is not UTF-8. No copy is left behind.
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

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pasted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pasted([redacted])")
    }
}
