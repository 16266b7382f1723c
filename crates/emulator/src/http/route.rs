//! The paths that the emulator serves.

use http::Method;

/// A path that the emulator serves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Route {
    Index,
    Health,
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
    Keys,
    Key,
    KeySpend,
}

/// The prefix of the API's paths.
pub(crate) const API_PREFIX: &str = "/api/v1";

/// Returns whether a path is one of the API's, known or not.
pub(crate) fn is_api(path: &str) -> bool {
    path.strip_prefix(API_PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Route {
    pub(crate) const ALL: [Self; 16] = [
        Self::Index,
        Self::Health,
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
        Self::Keys,
        Self::Key,
        Self::KeySpend,
    ];

    /// Returns the route of a request's path.
    pub(crate) fn from_path(path: &str) -> Option<Self> {
        if let Some((route, _)) = key_route(path) {
            return Some(route);
        }
        Self::ALL.into_iter().find(|route| route.path() == path)
    }

    /// Returns whether `path` is the path of this route, with or without [`API_PREFIX`].
    pub(crate) fn matches(self, path: &str) -> bool {
        self.path() == path || self.path().strip_prefix(API_PREFIX) == Some(path)
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Index => "/",
            Self::Health => "/emulator/health",
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
            Self::Keys => "/emulator/keys",
            Self::Key => "/emulator/keys/{id}",
            Self::KeySpend => "/emulator/keys/{id}/spend",
        }
    }

    /// Returns the methods of the route. Every route with GET has HEAD (RFC 9110, section 9.1). Whether the real API
    /// supports HEAD is unknown.
    pub(crate) fn methods(self) -> &'static [Method] {
        match self {
            Self::Authorize | Self::Keys => &[Method::GET, Method::HEAD, Method::POST],
            Self::Index
            | Self::Health
            | Self::ReadLog
            | Self::CurrentKey
            | Self::CurrentKeyAlias
            | Self::SigningKeys => &[Method::GET, Method::HEAD],
            Self::ExchangeAuthCode
            | Self::CreateAuthCode
            | Self::ExchangeToken
            | Self::InjectFault
            | Self::ChangeSettings
            | Self::AdvanceClock
            | Self::KeySpend => &[Method::POST],
            Self::Key => &[Method::GET, Method::HEAD, Method::PATCH, Method::DELETE],
        }
    }
}

/// Returns whether a path, known or not, controls the emulator. Its requests are not logged, and faults do not affect
/// them.
pub(crate) fn is_control(path: &str) -> bool {
    path == "/" || path.strip_prefix("/emulator").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the ID in the path of [`Route::Key`] or [`Route::KeySpend`].
pub(crate) fn key_id(path: &str) -> Option<&str> {
    key_route(path).map(|(_, id)| id)
}

fn key_route(path: &str) -> Option<(Route, &str)> {
    let rest = path.strip_prefix("/emulator/keys/")?;
    let (route, id) = match rest.strip_suffix("/spend") {
        Some(id) => (Route::KeySpend, id),
        None => (Route::Key, rest),
    };
    (!id.is_empty() && !id.contains('/')).then_some((route, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_paths_have_the_prefix() {
        for path in ["/api/v1", "/api/v1/", "/api/v1/key", "/api/v1/unknown"] {
            assert!(is_api(path), "{path}");
        }
        for path in ["/", "/auth", "/emulator/keys", "/api/v10/key", "/x/api/v1/key"] {
            assert!(!is_api(path), "{path}");
        }
    }

    #[test]
    fn unknown_path_below_emulator_is_a_control_path() {
        for path in
            ["/", "/emulator", "/emulator/", "/emulator/keys/", "/emulator/keys/x/y", "/emulator/unknown"]
        {
            assert!(is_control(path), "{path}");
        }
        for path in ["", "/auth", "/api/v1/key", "/emulators", "/api/v1/emulator/keys"] {
            assert!(!is_control(path), "{path}");
        }
    }

    #[test]
    fn every_route_is_found_by_its_path() {
        for route in Route::ALL {
            assert_eq!(Route::from_path(route.path()), Some(route));
        }
    }
}
