//! The ID of an attempt, as it appears in a path and in the name of a cookie.

/// The ID of an attempt: 22 of the characters `A-Z a-z 0-9 - _`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct AttemptId<'a>(&'a str);

const LENGTH: usize = 22;

impl<'a> AttemptId<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (text.len() == LENGTH && text.bytes().all(is_allowed)).then_some(Self(text))
    }

    /// Reads the last segment of a path. Nested routers and proxies strip the beginning.
    pub(crate) fn from_path(path: &'a str) -> Option<Self> {
        Self::parse(path.rsplit('/').next()?)
    }

    pub(crate) fn as_str(self) -> &'a str {
        self.0
    }
}
