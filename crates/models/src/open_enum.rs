//! Enums of words that may grow: a word that is not known is kept.

/// A word that this version does not know.
///
/// Made only by reading one, so that a known word is never hidden in it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UnknownValue(Box<str>);

/// An enum of strings with a variant for all others.
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
            /// The value as it is sent.
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
    /// How often the credit limit of a key starts anew.
    UsageLimitType {
        /// Every day, UTC.
        Daily = "daily",
        /// Every week, from Monday to Sunday, UTC.
        Weekly = "weekly",
        /// Every month, UTC.
        Monthly = "monthly",
    }
}

open_enum! {
    /// The `grant_type` of a token request.
    GrantType {
        /// A token is exchanged for another (RFC 8693, section 2.1).
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
    }
}

open_enum! {
    /// The kind of a token, as a URN (RFC 8693, section 3).
    TokenFormat {
        /// A JWT.
        Jwt = "urn:ietf:params:oauth:token-type:jwt",
        /// An access token of the server that issues it.
        AccessToken = "urn:ietf:params:oauth:token-type:access_token",
    }
}

open_enum! {
    /// What an access token may be used for.
    TokenScope {
        /// Calls of models.
        Inference = "inference",
        /// Management of keys.
        Management = "management",
    }
}

open_enum! {
    /// How an access token is used (RFC 6749, section 7.1).
    TokenType {
        /// In an `Authorization: Bearer` header (RFC 6750).
        Bearer = "Bearer",
    }
}

open_enum! {
    /// An error code of RFC 6749, section 5.2, and those that OpenRouter adds.
    OAuthErrorCode {
        /// The request is malformed.
        InvalidRequest = "invalid_request",
        /// The token is invalid, expired, or not accepted by the policy.
        InvalidGrant = "invalid_grant",
        /// The grant type is not known.
        UnsupportedGrantType = "unsupported_grant_type",
        /// The scope is not known, or more than the policy gives.
        InvalidScope = "invalid_scope",
        /// The server failed.
        ServerError = "server_error",
        /// The server is overloaded or being worked on.
        TemporarilyUnavailable = "temporarily_unavailable",
    }
}

impl UnknownValue {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(crate) fn unknown(text: &str) -> UnknownValue {
    UnknownValue(Box::from(text))
}

/// The words that this version knows.
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
    fn unknown_word_is_kept() {
        let read: UsageLimitType = serde_json::from_str(r#""hourly""#).unwrap();
        assert_eq!(read.as_str(), "hourly");
        assert_eq!(serde_json::to_string(&read).unwrap(), r#""hourly""#);
        assert_eq!(serde_json::from_str::<UsageLimitType>(r#""daily""#).unwrap(), UsageLimitType::Daily);
    }
}
