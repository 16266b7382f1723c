//! Values that prove nothing about the user.

/// A value that the attacker of a sign-in can choose.
///
/// OpenRouter grants a key; it does not authenticate the user. Anyone can bring the approval of another person into their
/// own attempt. So never look up, create, or sign in a local user by this value. It has no `==`, no `Hash`, and no
/// `Display`, so that it does not end up as a key by accident:
///
/// ```compile_fail,E0369
/// fn is_owner(connected: &openrouter_oauth_web::Connected, stored: &str) -> bool {
///     connected.user_id().is_some_and(|user_id| user_id == stored)
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Unverified<T>(T);

impl<T> Unverified<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value, which is good for a display or a log, but not for a decision.
    pub fn into_unverified(self) -> T {
        self.0
    }
}
