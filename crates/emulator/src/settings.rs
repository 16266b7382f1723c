//! What is unclear about the real service, as switches.

/// How an [`Emulator`](crate::Emulator) answers where the real service is unclear.
///
/// ```
/// use openrouter_oauth_emulator::{DenialBehavior, Emulator, Settings};
///
/// let emulator = Emulator::with_settings(Settings::default().state_echo(false).denial(DenialBehavior::Silent));
/// ```
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, named where it is set")]
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether `state` comes back to the callback. On by default.
    pub state_echo: bool,
    /// What happens when the user denies. A redirect by default.
    pub denial: DenialBehavior,
    /// How a known path answers a method it does not have. [`WrongMethodStatus::NotFound`] by default.
    pub wrong_method: WrongMethodStatus,
    /// Whether a refused exchange uses the code up. Off by default.
    pub failure_burns_code: bool,
    /// Whether callbacks of custom schemes (`vscode://…`) are taken. Off by default.
    pub custom_schemes: bool,
    /// Whether `http://[::1]` callbacks are taken. Off by default.
    pub ipv6_loopback: bool,
}

/// What happens when the user presses Deny.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DenialBehavior {
    /// The browser goes to the callback with `error=access_denied` (RFC 6749 section 4.1.2.1).
    Redirect,
    /// The browser stays; the application hears nothing.
    Silent,
}

/// The status of a known path asked with a method it does not have. The real service was seen to
/// answer 404 and documents 405.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WrongMethodStatus {
    /// 404, as for a path that does not exist.
    NotFound,
    /// 405 with an `Allow` header.
    NotAllowed,
}

impl Settings {
    /// Sets [`state_echo`](Self::state_echo).
    #[must_use]
    pub fn state_echo(mut self, on: bool) -> Self {
        self.state_echo = on;
        self
    }

    /// Sets [`denial`](Self::denial).
    #[must_use]
    pub fn denial(mut self, denial: DenialBehavior) -> Self {
        self.denial = denial;
        self
    }

    /// Sets [`wrong_method`](Self::wrong_method).
    #[must_use]
    pub fn wrong_method(mut self, wrong_method: WrongMethodStatus) -> Self {
        self.wrong_method = wrong_method;
        self
    }

    /// Sets [`failure_burns_code`](Self::failure_burns_code).
    #[must_use]
    pub fn failure_burns_code(mut self, on: bool) -> Self {
        self.failure_burns_code = on;
        self
    }

    /// Sets [`custom_schemes`](Self::custom_schemes).
    #[must_use]
    pub fn custom_schemes(mut self, on: bool) -> Self {
        self.custom_schemes = on;
        self
    }

    /// Sets [`ipv6_loopback`](Self::ipv6_loopback).
    #[must_use]
    pub fn ipv6_loopback(mut self, on: bool) -> Self {
        self.ipv6_loopback = on;
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            state_echo: true,
            denial: DenialBehavior::Redirect,
            wrong_method: WrongMethodStatus::NotFound,
            failure_burns_code: false,
            custom_schemes: false,
            ipv6_loopback: false,
        }
    }
}
