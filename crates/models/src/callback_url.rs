//! The URL that OpenRouter redirects the browser to after the user approves.

use std::fmt;

use crate::{
    constant_time::ConstantTime,
    text::{AsText, FromText, InvalidValue, open_text_conversions, text_conversions, text_serde},
    url::HttpUrl,
    url_syntax::UrlParts,
};

/// A callback URL as OpenRouter documents it: `https` on any host, or `http` on `127.0.0.1` or `localhost` with any
/// port.
///
/// It has at most 2,048 bytes and meets the rules of [`HttpUrl`]. `http://[::1]` is rejected, because OpenRouter may
/// not accept it. Prefer `127.0.0.1` to `localhost`, as RFC 8252, section 8.3, recommends.
#[doc(alias = "callback_url")]
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CallbackUrl(HttpUrl);

text_conversions!(CallbackUrl);
open_text_conversions!(CallbackUrl);
text_serde!(CallbackUrl);

const MAX_BYTES: usize = 2048;

impl CallbackUrl {
    /// Returns the URL as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the URL as an [`HttpUrl`], which gives access to its parts.
    pub fn url(&self) -> &HttpUrl {
        &self.0
    }

    /// Returns this URL with another segment at the end of its path, before its query. Slashes at the end of the path
    /// are dropped. `segment` is 1 to 128 of the characters `A-Z a-z 0-9 - _`.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidValue`] if `segment` has another form, or if the new URL would be too long.
    pub fn with_segment(&self, segment: &str) -> Result<Self, InvalidValue> {
        let url = self.0.with_segment(segment)?;
        if url.as_str().len() > MAX_BYTES {
            return Err(InvalidValue::new(Self::WHAT, "is too long"));
        }
        Ok(Self(url))
    }

    /// Returns whether `path` is the path of this URL.
    ///
    /// The comparison takes constant time, because the callback path of a sign-in contains a secret.
    pub fn has_path(&self, path: &str) -> bool {
        ConstantTime::new(self.0.path()).is(&ConstantTime::new(path))
    }

    /// Returns whether `path` ends with the last segment of this URL's path, whatever comes before it. Returns `false`
    /// if the last segment of this URL is empty.
    ///
    /// The comparison takes constant time, because the last segment is the secret part of a sign-in's callback path.
    pub fn has_last_segment(&self, path: &str) -> bool {
        let [ours, theirs] = [self.0.path(), path].map(|path| path.rsplit('/').next().unwrap_or_default());
        !ours.is_empty() && ConstantTime::new(ours).is(&ConstantTime::new(theirs))
    }

    /// Returns the query of `text` if the rest of `text` matches this URL.
    ///
    /// `text` is a request target (`/callback?code=…`) or a whole URL. The URL may lack its scheme, because some
    /// browsers display it that way. The path is compared in constant time.
    pub fn query_of<'a>(&self, text: &'a str) -> Option<&'a str> {
        let parts = UrlParts::split(text);
        parts.are_at(&self.0.parts()).then_some(parts.query.unwrap_or_default())
    }
}

impl fmt::Display for CallbackUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AsText for CallbackUrl {
    fn as_text(&self) -> &str {
        self.as_str()
    }
}

impl FromText for CallbackUrl {
    const WHAT: &'static str = "callback URL";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |problem| InvalidValue::new(Self::WHAT, problem);
        if text.len() > MAX_BYTES {
            return Err(invalid("is too long"));
        }
        let url = HttpUrl::parse(text).map_err(|error| invalid(error.problem()))?;
        if url.is_https() || matches!(url.host(), "127.0.0.1" | "localhost") {
            Ok(Self(url))
        } else {
            Err(invalid("must use https, or http on 127.0.0.1 or localhost"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constant_time::tests::check_compares;

    #[test]
    fn segment_is_appended_to_the_path() {
        for (url, longer) in [
            ("https://my.app", "https://my.app/a-B_9"),
            ("https://my.app//", "https://my.app/a-B_9"),
            ("http://localhost:1/callback/?a=/?b=", "http://localhost:1/callback/a-B_9?a=/?b="),
            ("https://my.app?", "https://my.app/a-B_9?"),
        ] {
            let url = CallbackUrl::parse(url).unwrap().with_segment("a-B_9").unwrap();
            assert_eq!(url, CallbackUrl::parse(longer).unwrap());
        }
        let url = CallbackUrl::parse(&format!("https://my.app/{}", "a".repeat(2_000))).unwrap();
        assert!(url.with_segment(&"b".repeat(32)).is_ok());
        for bad in ["", ".", "a/b", "a b", "%41", "\u{e9}", &"b".repeat(33), &"b".repeat(129)] {
            assert!(url.with_segment(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn path_is_compared_in_constant_time() {
        // L-5, S-11
        for url in ["https://my.app/callback?a=b", "http://localhost:1/callback"] {
            let url = CallbackUrl::parse(url).unwrap();
            check_compares(9, true, || url.has_path("/callback"));
            check_compares(9, false, || url.has_path("xcallback"));
            check_compares(9, false, || url.has_path("/callbacx"));
            check_compares(0, false, || url.has_path("/callback/"));
            check_compares(9, true, || url.query_of("/callback?code=c").is_some());
            check_compares(9, false, || url.query_of("/xallback?code=c").is_some());
            check_compares(8, true, || url.has_last_segment("evil:2/x/callback"));
            check_compares(8, false, || url.has_last_segment("/xallback"));
            check_compares(8, false, || url.has_last_segment("/callbacx"));
        }
        for url in ["https://my.app", "https://my.app/", "https://my.app/callback/"] {
            check_compares(0, false, || CallbackUrl::parse(url).unwrap().has_last_segment("/"));
        }
    }
}
