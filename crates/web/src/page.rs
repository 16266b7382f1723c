//! The pages that users see.

pub(crate) mod action;
pub(crate) mod html;
pub(crate) mod kind;
mod text;

use std::time::Duration;

use openrouter_oauth::KeyLabel;

use self::{action::PageAction, kind::PageKind};
use crate::outcome::Outcome;

/// A page that a user sees: the button that begins a sign-in, or the reason why a sign-in ended without a key.
///
/// [`SignInBuilder::pages`](crate::SignInBuilder::pages) takes a function that writes its HTML. No part of a page comes
/// from a server. From a query comes only `return_to`, in the URLs of [`action`](Self::action).
/// [`body_html`](Self::body_html) is the content for the application's own layout:
///
/// ```
/// use openrouter_oauth_web::{CookieKeys, OneProcessClaims, Page, SignIn};
///
/// fn layout(page: &Page<'_>) -> String {
///     let (title, body) = (page.title(), page.body_html());
///     format!(
///         "<!doctype html>\n<html lang=\"en\">\n<title>{title} - my app</title>\n\
///          <link rel=\"stylesheet\" href=\"/app.css\">\n<nav><a href=\"/\">my app</a></nav>\n\
///          <main>\n{body}</main>\n</html>\n"
///     )
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use openrouter_oauth::{Client, transport::testing::ManualTimer};
/// # let emulator = openrouter_oauth_emulator::Emulator::new();
/// # let client = Client::builder().transport(emulator).timer(ManualTimer::new()).build()?;
/// # let keys = CookieKeys::parse(&"00112233445566778899aabbccddeeff".repeat(2))?;
/// let sign_in = SignIn::builder(client, "https://my.app", keys, OneProcessClaims::new(10_000))
///     .pages(layout)
///     .build()?;
/// # let get = http::Request::get("/openrouter").body(())?.into_parts().0;
/// let page = sign_in.begin(&get, "17", None, b"");
/// assert!(page.body().contains("<nav>") && page.body().contains("Continue to OpenRouter"));
/// # Ok(())
/// # }
/// ```
///
/// If you write the content yourself, escape the label and the URLs.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    kind: PageKind<'a>,
    action: PageAction<'a>,
}

impl<'a> Page<'a> {
    pub(crate) fn new(kind: PageKind<'a>, action: PageAction<'a>) -> Self {
        Self { kind, action }
    }

    /// Returns the reason for the page.
    pub fn kind(&self) -> PageKind<'a> {
        self.kind
    }

    /// Returns what the user can do.
    pub fn action(&self) -> PageAction<'a> {
        self.action
    }

    /// Returns the heading of our page.
    pub fn title(&self) -> &'static str {
        text::title(self.kind)
    }

    /// Returns the sentences of our page.
    pub fn text(&self) -> &'static str {
        text::sentences(self.kind)
    }

    /// Returns the label of the key that the user should look for and delete.
    pub fn key_label(&self) -> Option<&'a KeyLabel> {
        match self.kind {
            PageKind::Ended(Outcome::OutcomeUnknown { key_label }) => key_label.as_ref(),
            _ => None,
        }
    }

    /// Returns how long the user should wait before a reload: what OpenRouter asked for, or else at most 5 seconds.
    /// `None` if a reload does not help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            PageKind::Ended(Outcome::TryAgain { retry_after }) => Some(retry_after.unwrap_or(RETRY_AFTER)),
            PageKind::Ended(Outcome::StillRunning { retry_after }) => Some(*retry_after),
            PageKind::Ended(Outcome::Prefetch) => Some(RETRY_AFTER),
            _ => None,
        }
    }

    /// Returns our HTML of the page: plain, without script, in dark and light.
    pub fn to_html(&self) -> String {
        html::document(self.title(), &self.body_html())
    }

    /// Returns our HTML of the content: the heading, the sentences, the label, and the button or the links. The label and
    /// the URLs are escaped.
    pub fn body_html(&self) -> String {
        html::body(self.title(), self.text(), self.key_label(), self.action)
    }
}

/// The wait if the service asked for none.
const RETRY_AFTER: Duration = Duration::from_secs(5);
