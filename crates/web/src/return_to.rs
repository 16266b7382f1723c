//! The page to return to after a sign-in.

/// The path and query of a page of the application, such as `/settings?tab=keys`. It cannot lead to another origin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ReturnTo(Box<str>);

/// As much as fits into a cookie.
pub(crate) const MAX_BYTES: usize = 406;

impl ReturnTo {
    /// The path `/`.
    pub(crate) fn root() -> Self {
        Self("/".into())
    }

    /// Accepts one leading slash, the characters of RFC 3986 without a fragment, and no `.` or `..`. `mount` and the
    /// paths under it would only begin another sign-in.
    pub(crate) fn parse(text: &str, mount: &str) -> Option<Self> {
        let path = decoded(text.split('?').next().unwrap_or_default());
        let is_under_mount =
            path.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let is_good = text.len() <= MAX_BYTES
            && text.starts_with('/')
            && !path.starts_with("//")
            && text.bytes().all(is_allowed)
            && has_whole_escapes(text)
            && !path.split('/').any(|segment| matches!(segment, "." | ".."))
            && !is_under_mount;
        is_good.then(|| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether RFC 3986 allows the character in a path or a query.
fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/?".contains(&byte)
}

fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

/// Returns the path without escapes, because browsers decode those of dots, and servers may decode all. Characters that
/// no mount has may change.
fn decoded(path: &str) -> String {
    let name = path.replace(['&', '='], "+");
    form_urlencoded::parse(name.as_bytes()).map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_accepted(text: &str) -> bool {
        ReturnTo::parse(text, "/openrouter").is_some()
    }

    #[test]
    fn path_of_the_application_is_accepted() {
        for good in [
            "/",
            "/settings",
            "/settings?tab=keys&next=/a//b",
            "/a%20b/%2F",
            "/openrouters",
            "/%6Fpenrouters",
            "/%256Fpenrouter",
            "/openrouter&=",
            "/x/openrouter/callback",
            "/@user:tag;v=1,2",
            "/...",
            &format!("/{}", "a".repeat(MAX_BYTES - 1)),
        ] {
            assert!(is_accepted(good), "{good}");
        }
    }

    #[test]
    fn anything_else_is_rejected() {
        for bad in [
            "",
            "settings",
            "//evil.example",
            "/\\evil.example",
            "\\/evil",
            "https://evil.example",
            "/a b",
            "/a\t",
            "/\r\nX: 1",
            "/\u{0}",
            "/é",
            "/a#b",
            "/a%",
            "/a%2",
            "/a%zz",
            "/.",
            "/..//evil",
            "/a/../b",
            "/%2e%2E/b",
            "/.%2e",
            "?a=b",
            "/openrouter",
            "/openrouter/",
            "/openrouter?x",
            "/openrouter/callback/x",
            "/%6Fpenrouter",
            "/open%72outer%2fcallback",
            "/x%2F..%2Fopenrouter",
            "/%2Fopenrouter",
            "/%6f%70%65nrouter?x",
            "///evil",
            "/a<b",
            "/a\"b",
            "/a{b}",
            "/a|b",
            "/a^b",
            "/a`b",
            "/a[b]",
            &format!("/{}", "a".repeat(MAX_BYTES)),
        ] {
            assert!(!is_accepted(bad), "{bad:?}");
        }
    }
}
