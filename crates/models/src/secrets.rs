//! Secrets: keys, codes and tokens.

use crate::text::check;

/// A newtype of a string that is a secret: redacted, compared in constant time, wiped on drop.
macro_rules! secret {
    ($(#[$meta:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$meta])*
        ///
        /// A secret: it prints as `[redacted]`, is compared in constant time, and is wiped when dropped.
        pub struct $name($crate::constant_time::ConstantTime<zeroize::Zeroizing<Box<str>>>);

        $crate::text::text_conversions!($name);

        impl $name {
            /// The secret itself. Keep it out of logs, messages and URLs.
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

        /// In constant time for values of the same length.
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
                // The box is made in its final size: growing would leave copies behind.
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
    /// An API key of OpenRouter: 1 to 512 visible ASCII characters. Treat it as opaque.
    ///
    /// It is permanent until its owner deletes it or its `expires_at` passes; there is no refresh token.
    #[derive(Clone)]
    ApiKey, "API key", |what, text| check(what, text, 512, |byte| byte.is_ascii_graphic(), VISIBLE)
}

secret! {
    /// A one-time authorization code: 1 to 512 printable ASCII characters (RFC 6749, appendix A.11).
    ///
    /// It works once and for ten minutes. It can be cloned, since a request that surely never reached OpenRouter may be
    /// retried with it.
    #[doc(alias = "code")]
    #[derive(Clone)]
    AuthorizationCode, "authorization code",
    |what, text| check(what, text, 512, |byte| matches!(byte, b' '..=b'~'), PRINTABLE)
}

secret! {
    /// The token of an identity provider that is exchanged for an access token: a JWT of 1 to 16,384 visible ASCII
    /// characters.
    #[derive(Clone)]
    SubjectToken, "subject token", |what, text| check(what, text, 16_384, |byte| byte.is_ascii_graphic(), VISIBLE)
}

secret! {
    /// A short-lived access token, used as bearer in place of an API key: 1 to 16,384 visible ASCII characters.
    #[derive(Clone)]
    AccessToken, "access token", |what, text| check(what, text, 16_384, |byte| byte.is_ascii_graphic(), VISIBLE)
}

secret! {
    /// The `state` of an authorization request (RFC 6749, section 10.12): 1 to 512 visible ASCII characters.
    ///
    /// Not `Clone`: it belongs to one sign-in.
    State, "state", |what, text| check(what, text, 512, |byte| byte.is_ascii_graphic(), VISIBLE)
}

const VISIBLE: &str = "may hold only visible ASCII characters, without spaces";
const PRINTABLE: &str = "may hold only printable ASCII characters";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constant_time::tests::check_compares;

    #[test]
    fn secret_does_not_print_itself() {
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
    fn secrets_are_equal_by_value_in_constant_time() {
        // S-11: of each type, since each has its own `==`.
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
