//! The local user or session that a sign-in belongs to.

use std::borrow::Cow;

/// The local user, or the anonymous session, that begins a sign-in and receives its key.
///
/// Implement it for the type that your framework extracts. A sign-in that one subject began cannot be finished by
/// another.
///
/// ```
/// use std::borrow::Cow;
/// use openrouter_oauth_web::Subject;
///
/// struct User {
///     id: u64,
/// }
///
/// impl Subject for User {
///     fn subject(&self) -> Cow<'_, str> {
///         self.id.to_string().into()
///     }
/// }
/// ```
pub trait Subject {
    /// Returns a text that no other user and no other session has, such as the ID of the logged-in user, or a random
    /// session ID if nobody is logged in. It must stay the same from the beginning to the end of a sign-in. An empty
    /// text is rejected.
    ///
    /// A cookie contains only a keyed hash of it.
    fn subject(&self) -> Cow<'_, str>;
}

impl Subject for str {
    fn subject(&self) -> Cow<'_, str> {
        self.into()
    }
}

impl Subject for String {
    fn subject(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

impl<S: Subject + ?Sized> Subject for &S {
    fn subject(&self) -> Cow<'_, str> {
        (**self).subject()
    }
}
