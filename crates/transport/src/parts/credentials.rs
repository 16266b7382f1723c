//! The credentials in the URL of a proxy.

use base64ct::{Base64, Encoding as _};
use percent_encoding::percent_decode_str;

/// A user name and password. They do not have to be UTF-8: `%E4` is a letter of Latin-1.
pub(super) struct Credentials {
    pub(super) user: Vec<u8>,
    pub(super) password: Vec<u8>,
}

impl Credentials {
    /// Decodes the part of a URL before the `@`.
    pub(super) fn decode(user_info: &str) -> Self {
        let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
        Self { user: percent_decoded(user), password: percent_decoded(password) }
    }

    /// Returns whether HTTP's Basic authentication can express them: the user name ends at the first colon.
    pub(super) fn fit_basic(&self) -> bool {
        !self.user.contains(&b':')
    }

    /// Returns the credentials of HTTP's Basic authentication (RFC 7617, section 2).
    pub(super) fn basic(&self) -> String {
        Base64::encode_string(&[&*self.user, b":", &*self.password].concat())
    }
}

/// Decodes `%41` to `A`. A `%` without two digits stays as it is.
fn percent_decoded(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_percent_encoded() {
        for (user_info, user, password) in [
            ("user:p%40s%3as", &b"user"[..], &b"p@s:s"[..]),
            ("us%65r", b"user", b""),
            (":a:b", b"", b"a:b"),
            ("%:%4", b"%", b"%4"),
            ("%zz%4%41:%E2%82%AC%ff", b"%zz%4A", b"\xe2\x82\xac\xff"),
        ] {
            let decoded = Credentials::decode(user_info);
            assert_eq!((&*decoded.user, &*decoded.password), (user, password), "{user_info}");
        }
    }

    #[test]
    fn basic_credentials_are_in_base64_with_padding() {
        for (user_info, expected) in [
            ("us3r:p%40ss", "dXMzcjpwQHNz"),
            ("us3r:%e4", "dXMzcjrk"),
            ("a", "YTo="),
            (":%c3%bf%c3%bf", "OsO/w78="),
        ] {
            assert_eq!(Credentials::decode(user_info).basic(), expected, "{user_info}");
        }
    }
}
