//! Queries of URLs, parsed by hand so that the tests share no code with the crates.

/// Returns the parameters of a URL or a form, in order, decoded as `application/x-www-form-urlencoded`.
pub fn parameters(text: &str) -> Vec<(String, String)> {
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Returns the value of the only parameter with this name.
#[track_caller]
pub fn parameter(text: &str, name: &str) -> String {
    let mut values = parameters(text).into_iter().filter(|(given, _)| given == name);
    let (_, value) = values.next().unwrap_or_else(|| panic!("there is no {name}"));
    assert!(values.next().is_none(), "{name} occurs twice");
    value
}

/// Returns the path and query of a URL, as a browser sends them in a request.
pub fn target(url: &str) -> &str {
    let (_, rest) = url.split_once("://").expect("an absolute URL");
    &rest[rest.find('/').expect("a path")..]
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.expect("two digits"));
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
