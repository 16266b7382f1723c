//! Switches for behavior of the real service that is unclear, and the server's limit.

/// The behavior of an [`Emulator`](crate::Emulator) where the real service's behavior is unclear, and the number of
/// connections that its servers accept.
///
/// ```
/// use openrouter_oauth_emulator::{DenialBehavior, Emulator, Settings};
///
/// let emulator = Emulator::with_settings(Settings::default().state_echo(false).denial(DenialBehavior::Silent));
/// ```
#[expect(clippy::struct_excessive_bools, reason = "each is a separate switch, named where it is set")]
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether the callback receives the `state`. On by default.
    pub state_echo: bool,
    /// The service's reaction when the user denies. [`DenialBehavior::Redirect`] by default.
    pub denial: DenialBehavior,
    /// The status of a response to a method that a known path does not support. [`WrongMethodStatus::NotFound`] by
    /// default.
    pub wrong_method: WrongMethodStatus,
    /// Whether a rejected exchange uses up the code. Off by default.
    pub failure_burns_code: bool,
    /// Whether callback URLs may have custom schemes (`vscode://…`). Off by default.
    pub custom_schemes: bool,
    /// Whether callback URLs may begin with `http://[::1]`. Off by default.
    pub ipv6_loopback: bool,
    /// How many connections each server has open at once, at least 1. The default is 256.
    ///
    /// When another client connects, the server closes the connection that has been idle longest: no whole request has
    /// arrived since it opened, or since the last response. If no connection is idle, the client waits.
    pub max_connections: usize,
}

/// The service's reaction when the user presses Deny.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DenialBehavior {
    /// The service redirects the browser to the callback with `error=access_denied` (RFC 6749, section 4.1.2.1).
    Redirect,
    /// The browser stays on the page, and the application is not notified.
    Silent,
}

/// The status of a response to a method that a known path does not support.
///
/// OpenRouter documents 405. According to public reports, the real service responds with 404.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WrongMethodStatus {
    /// 404, as for an unknown path.
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

    /// Sets [`max_connections`](Self::max_connections). It applies to servers that start later.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
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
            max_connections: 256,
        }
    }
}
