//! The paths that the emulator serves.

use http::Method;

/// A path that the emulator serves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Route {
    Index,
    Authorize,
    ExchangeAuthCode,
    CreateAuthCode,
    CurrentKey,
    CurrentKeyAlias,
    ExchangeToken,
    SigningKeys,
    InjectFault,
    ChangeSettings,
    AdvanceClock,
    ReadLog,
    IssueKey,
}

/// The prefix of the API's paths.
pub(crate) const API_PREFIX: &str = "/api/v1";

impl Route {
    pub(crate) const ALL: [Self; 13] = [
        Self::Index,
        Self::Authorize,
        Self::ExchangeAuthCode,
        Self::CreateAuthCode,
        Self::CurrentKey,
        Self::CurrentKeyAlias,
        Self::ExchangeToken,
        Self::SigningKeys,
        Self::InjectFault,
        Self::ChangeSettings,
        Self::AdvanceClock,
        Self::ReadLog,
        Self::IssueKey,
    ];

    /// Returns the route of a request's path.
    pub(crate) fn from_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.path() == path)
    }

    /// Returns whether `path` is the path of this route, with or without [`API_PREFIX`].
    pub(crate) fn matches(self, path: &str) -> bool {
        self.path() == path || self.path().strip_prefix(API_PREFIX) == Some(path)
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Index => "/",
            Self::Authorize => "/auth",
            Self::ExchangeAuthCode => "/api/v1/auth/keys",
            Self::CreateAuthCode => "/api/v1/auth/keys/code",
            Self::CurrentKey => "/api/v1/key",
            Self::CurrentKeyAlias => "/api/v1/auth/key",
            Self::ExchangeToken => "/api/v1/oauth/token",
            Self::SigningKeys => "/api/v1/oauth/jwks",
            Self::InjectFault => "/emulator/faults",
            Self::ChangeSettings => "/emulator/settings",
            Self::AdvanceClock => "/emulator/advance",
            Self::ReadLog => "/emulator/log",
            Self::IssueKey => "/emulator/keys",
        }
    }

    /// Returns the methods of the route. Pages support HEAD, as every resource with GET should (RFC 9110, section 9.1).
    /// Whether the real API supports it is unknown.
    pub(crate) fn methods(self) -> &'static [Method] {
        match self {
            Self::Authorize => &[Method::GET, Method::HEAD, Method::POST],
            Self::Index | Self::ReadLog => &[Method::GET, Method::HEAD],
            Self::CurrentKey | Self::CurrentKeyAlias | Self::SigningKeys => &[Method::GET],
            Self::ExchangeAuthCode
            | Self::CreateAuthCode
            | Self::ExchangeToken
            | Self::InjectFault
            | Self::ChangeSettings
            | Self::AdvanceClock
            | Self::IssueKey => &[Method::POST],
        }
    }

    /// Returns whether the route controls the emulator. Its requests are not logged, and faults do not affect them.
    pub(crate) fn is_control(self) -> bool {
        matches!(
            self,
            Self::Index
                | Self::InjectFault
                | Self::ChangeSettings
                | Self::AdvanceClock
                | Self::ReadLog
                | Self::IssueKey
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found_by_its_path() {
        for route in Route::ALL {
            assert_eq!(Route::from_path(route.path()), Some(route));
        }
    }
}
