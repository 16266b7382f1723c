//! What a user can do on a page.

/// What the user can do on a [`Page`](crate::Page).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum PageAction<'a> {
    /// Send a form with `POST` and without fields to this URL, which is relative to the page's.
    Post(&'a str),
    /// Follow a link to the page where a sign-in begins.
    StartAgain(&'a str),
    /// Follow a link to the page to return to, or one to the page where a sign-in begins.
    Continue {
        /// The page to return to.
        to: &'a str,
        /// The page where a sign-in begins, as in [`StartAgain`](Self::StartAgain).
        start_again: &'a str,
    },
    /// Reload the page, by a link to an empty URL.
    Reload,
    /// Nothing.
    Nothing,
}

impl PageAction<'_> {
    /// Returns the text of our button, or of our first link.
    pub fn label(self) -> &'static str {
        match self {
            Self::Post(_) => "Continue to OpenRouter",
            Self::StartAgain(_) => "Start again",
            Self::Continue { .. } => "Continue",
            Self::Reload => "Try again",
            Self::Nothing => "",
        }
    }
}
