//! Secrets: keys, codes, and tokens.

use crate::text::check;

/// Defines a secret string newtype: redacted, compared in constant time, and wiped on drop.
macro_rules! secret {
    ($(#[$meta:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$meta])*
        ///
        /// This is a secret. It prints as `[redacted]`, is compared in constant time, and is wiped when dropped.
        pub struct $name($crate::constant_time::ConstantTime<zeroize::Zeroizing<Box<str>>>);

        $crate::text::text_conversions!($name);

        impl $name {
            /// Returns the secret. Keep it out of logs, messages, and URLs.
            pub fn expose(&self) -> &str {
                self.0.as_str()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }

        impl Eq for $name {}

        /// Compares values of the same length in constant time.
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.is(&other.0)
            }
        }

        impl $crate::text::FromText for $name {
            const WHAT: &'static str = $what;

            fn from_text(text: &str) -> Result<Self, $crate::InvalidValue> {
                let check: fn(&'static str, &str) -> Result<(), $crate::InvalidValue> = $check;
                check($what, text)?;
                // Allocate the box at its final size: growing it would leave copies of the secret in memory.
                let text = zeroize::Zeroizing::new(Box::from(text));
                Ok(Self($crate::constant_time::ConstantTime::new(text)))
            }
        }

        impl $crate::text::AsText for $name {
            fn as_text(&self) -> &str {
                self.expose()
            }
        }
    };
}

pub(crate) use secret;

secret! {
    /// An OpenRouter API key: 1 to 512 visible ASCII characters. Treat it as opaque.
    ///
    /// It stays valid until its owner deletes it or its expiration time (`expires_at`) passes. There is no refresh
    /// token.
    #[derive(Clone)]
    ApiKey, "API key", |what, text| check(what, text, 512, |byte| byte.is_ascii_graphic(), VISIBLE)
}

secret! {
    /// A one-time authorization code: 1 to 512 printable ASCII characters (RFC 6749, appendix A.11).
    ///
    /// It works once, within ten minutes. It is `Clone` because a client may retry an exchange that certainly never
    /// reached OpenRouter.
    #[doc(alias = "code")]
    #[derive(Clone)]
    AuthorizationCode, "authorization code",
    |what, text| check(what, text, 512, |byte| matches!(byte, b' '..=b'~'), PRINTABLE)
}

impl AuthorizationCode {
    /// Returns whether this is an API key, which a user may paste by mistake, or contains one: `OPENROUTER_API_KEY=…`.
    pub fn contains_api_key(&self) -> bool {
        self.expose().starts_with("sk-or-") || self.expose().contains("sk-or-v1-")
    }
}

secret! {
    /// An identity provider's token, which you exchange for an access token: a JWT of 1 to 16,384 visible ASCII
    /// characters.
    #[derive(Clone)]
    SubjectToken, "subject token", |what, text| check(what, text, 16_384, |byte| byte.is_ascii_graphic(), VISIBLE)
}

secret! {
    /// A short-lived access token: 1 to 16,384 visible ASCII characters. Send it as a bearer token instead of an API
    /// key.
    #[derive(Clone)]
    AccessToken, "access token", |what, text| check(what, text, 16_384, |byte| byte.is_ascii_graphic(), VISIBLE)
}

secret! {
    /// The `state` of an authorization request (RFC 6749, section 10.12): 1 to 512 visible ASCII characters.
    ///
    /// It is not `Clone`, because it belongs to one sign-in.
    State, "state", |what, text| check(what, text, 512, |byte| byte.is_ascii_graphic(), VISIBLE)
}

const VISIBLE: &str = "may contain only visible ASCII characters, without spaces";
const PRINTABLE: &str = "may contain only printable ASCII characters";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constant_time::tests::check_compares;

    #[test]
    fn key_is_recognized_in_a_code() {
        for (text, is_key) in [
            ("sk-or-canary", true),
            ("OPENROUTER_API_KEY=sk-or-v1-canary", true),
            ("auth_code_abc123", false),
            ("desk-or-chair", false),
        ] {
            assert_eq!(AuthorizationCode::parse(text).unwrap().contains_api_key(), is_key, "{text}");
        }
    }

    #[test]
    fn secret_prints_as_redacted() {
        // S-1
        let key = ApiKey::parse("sk-or-v1-canary").unwrap();
        assert_eq!(format!("{key:?} {key:#?}"), "ApiKey([redacted]) ApiKey([redacted])");
        assert_eq!(key.expose(), "sk-or-v1-canary");
    }

    #[test]
    fn key_is_1_to_512_visible_ascii_characters() {
        for good in ["k", "sk-or-v1-~!", &"k".repeat(512)] {
            assert!(ApiKey::parse(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "a\r\nX-Evil: 1", "a\0", "a\x7f", "schl\u{fc}ssel", &"k".repeat(513)] {
            let error = ApiKey::parse(bad).unwrap_err();
            assert!(bad.trim().is_empty() || !error.to_string().contains(bad), "{error}");
        }
    }

    #[test]
    fn code_is_1_to_512_printable_ascii_characters() {
        for good in ["c", "auth_code_abc123def456", "a b", &"c".repeat(512)] {
            assert!(AuthorizationCode::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a\tb", "a\nb", "a\0", "c\u{f6}de", &"c".repeat(513)] {
            assert!(AuthorizationCode::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn secrets_are_compared_in_constant_time() {
        // S-11: checks each type, because each has its own `==`.
        macro_rules! check {
            ($($name:ident)+) => { $(
                let ours = "f".repeat(43);
                for (theirs, is_same) in [("f", true), ("g", false)] {
                    for position in [0, 21, 42] {
                        let mut text = ours.clone();
                        text.replace_range(position..=position, theirs);
                        let [ours, theirs] = [&ours, &text].map(|text| crate::$name::parse(text).unwrap());
                        check_compares(43, is_same, || ours == theirs);
                    }
                }
            )+ };
        }
        check!(AccessToken ApiKey AuthorizationCode CodeVerifier State SubjectToken);
        assert_ne!(State::parse("abc").unwrap(), State::parse("ab").unwrap());
    }
}
