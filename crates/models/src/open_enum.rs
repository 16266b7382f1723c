//! String enums that keep values unknown to this version.

/// An enum value that this version does not know.
///
/// Only the conversions to an enum create it, so it is never a known value.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UnknownValue(Box<str>);

/// Defines a string enum with a variant for unknown values.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[non_exhaustive]
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A value that this version does not know; `as_str` returns it.
            Other($crate::UnknownValue),
        }

        impl $name {
            /// Returns the value as it appears in messages.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(other) => other.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other($crate::open_enum::unknown(other)),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(&*text)
            }
        }

        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                Self::from(&**text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        impl $crate::open_enum::Words for $name {
            const WORDS: &'static [&'static str] = &[$($text),+];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::open_enum::WordVisitor(std::marker::PhantomData))
            }
        }
    };
}

pub(crate) use open_enum;

open_enum! {
    /// How often a key's credit limit resets.
    UsageLimitType {
        /// Every day, in UTC.
        Daily = "daily",
        /// Every week, from Monday to Sunday, in UTC.
        Weekly = "weekly",
        /// Every month, in UTC.
        Monthly = "monthly",
    }
}

open_enum! {
    /// The `grant_type` of a token request.
    GrantType {
        /// Exchanges one token for another (RFC 8693, section 2.1).
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
    }
}

open_enum! {
    /// The type of a token, as a URN (RFC 8693, section 3).
    TokenFormat {
        /// A JWT.
        Jwt = "urn:ietf:params:oauth:token-type:jwt",
        /// An access token of the authorization server.
        AccessToken = "urn:ietf:params:oauth:token-type:access_token",
    }
}

open_enum! {
    /// The scope of an access token: what it may be used for.
    TokenScope {
        /// Calling models.
        Inference = "inference",
        /// Managing keys.
        Management = "management",
    }
}

open_enum! {
    /// How a request presents an access token (RFC 6749, section 7.1).
    TokenType {
        /// In an `Authorization: Bearer` header (RFC 6750).
        Bearer = "Bearer",
    }
}

open_enum! {
    /// An error code of RFC 6749, section 5.2, or one that OpenRouter adds.
    OAuthErrorCode {
        /// The request is malformed.
        InvalidRequest = "invalid_request",
        /// The token is invalid, expired, or not accepted by the policy.
        InvalidGrant = "invalid_grant",
        /// The server does not support the grant type.
        UnsupportedGrantType = "unsupported_grant_type",
        /// The scope is unknown, or exceeds what the policy grants.
        InvalidScope = "invalid_scope",
        /// The server failed.
        ServerError = "server_error",
        /// The server is overloaded or under maintenance.
        TemporarilyUnavailable = "temporarily_unavailable",
    }
}

impl UnknownValue {
    /// Returns the value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(crate) fn unknown(text: &str) -> UnknownValue {
    UnknownValue(Box::from(text))
}

/// An enum with a list of its known values.
pub(crate) trait Words: for<'a> From<&'a str> {
    const WORDS: &'static [&'static str];
}

pub(crate) struct WordVisitor<T>(pub(crate) std::marker::PhantomData<T>);

impl<T: Words> serde::de::Visitor<'_> for WordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a word such as {:?}", T::WORDS)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_value_is_kept() {
        let read: UsageLimitType = serde_json::from_str(r#""hourly""#).unwrap();
        assert_eq!(read.as_str(), "hourly");
        assert_eq!(serde_json::to_string(&read).unwrap(), r#""hourly""#);
        assert_eq!(serde_json::from_str::<UsageLimitType>(r#""daily""#).unwrap(), UsageLimitType::Daily);
    }
}
