//! The reasons for a page.

use crate::outcome::Outcome;

/// The reason for a [`Page`](crate::Page).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum PageKind<'a> {
    /// The user begins a sign-in with a button.
    Begin,
    /// The sign-in ended without a key.
    Ended(&'a Outcome),
    /// The sign-in could not begin.
    CannotBegin,
    /// There is no page at this path.
    NotFound,
    /// The path does not accept the method.
    WrongMethod,
}
