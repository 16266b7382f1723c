//! Reads the `Cookie` header.

use http::{HeaderMap, header::COOKIE};

/// Returns the names and values of all cookies, as octets. Skips those without a name, because a nameless cookie can
/// have any value, even one that looks like a name (`=__Host-a=b`).
pub(super) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let values = headers.get_all(COOKIE).into_iter();
    let pairs = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = pair.split_at_checked(equals)?;
        let (name, value) = (trim(name), trim(value.get(1..)?));
        (!name.is_empty()).then_some((name, value))
    })
}

/// Trims spaces and tabs only. Browsers keep other white space, such as a form feed, as part of a name.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(values: &[&'static [u8]]) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(COOKIE, HeaderValue::from_bytes(value).unwrap());
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        cookies(&headers).map(|(name, value)| (text(name), text(value))).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn cookies_are_split_and_trimmed() {
        assert_eq!(
            read(&[b"a=1; b = 2\t;c==3;;d="]),
            pairs(&[("a", "1"), ("b", "2"), ("c", "=3"), ("d", "")])
        );
        assert_eq!(read(&[b"a=1", b"b=2"]), pairs(&[("a", "1"), ("b", "2")]));
        assert_eq!(read(&[b"\xa0a=\xff"]), pairs(&[("\u{fffd}a", "\u{fffd}")]));
    }

    #[test]
    fn cookie_without_a_name_is_skipped() {
        assert_eq!(read(&[b"__Host-a; =__Host-a=b; \t=c; a=1"]), pairs(&[("a", "1")]));
    }
}
