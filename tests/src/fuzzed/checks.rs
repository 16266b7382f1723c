//! Checks that several targets share.

use std::error::Error;

use openrouter_oauth::models::HttpUrl;
use url::{Host, Url};

/// Checks that an error and its causes print no control character, no change of the writing direction, and none of
/// `secrets`.
#[track_caller]
pub(super) fn assert_fit_to_show(error: &(dyn Error + 'static), secrets: &[&str]) {
    let mut next = Some(error);
    while let Some(error) = next {
        for text in [error.to_string(), format!("{error:?}")] {
            assert_printable(&text);
            for secret in secrets {
                assert!(!text.contains(secret), "{secret} appears in {text:?}");
            }
        }
        next = error.source();
    }
}

/// Checks that `text` contains nothing that a terminal would execute, and no change of direction (listed in UAX #9).
#[track_caller]
pub(super) fn assert_printable(text: &str) {
    let changes_direction = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!text.contains(|c: char| c.is_control() || changes_direction(c)), "{text:?}");
}

/// Checks that a browser goes where this URL says. `url` implements the WHATWG's standard.
#[track_caller]
pub(super) fn assert_browser_agrees(text: &str) {
    let ours = HttpUrl::parse(text).unwrap();
    let Ok(theirs) = Url::parse(text) else {
        // A browser goes nowhere if a label cannot be converted to Unicode.
        assert!(ours.host().to_ascii_lowercase().contains("xn--"), "{text}");
        return;
    };
    let default_port = if ours.is_https() { 443 } else { 80 };
    let port = ours.authority().strip_prefix(ours.host()).unwrap();
    let port = port.strip_prefix(':').map_or(default_port, |port| port.parse().unwrap());
    assert_eq!((ours.is_https(), Some(port)), (theirs.scheme() == "https", theirs.port_or_known_default()));
    match theirs.host().unwrap() {
        Host::Ipv6(address) => assert_eq!(ours.host().trim_matches(['[', ']']).parse(), Ok(address)),
        host => assert!(ours.host().eq_ignore_ascii_case(&host.to_string()), "{} and {host}", ours.host()),
    }
    // A browser writes the path of an empty one, and escapes an apostrophe in a query, which means the same.
    assert_eq!(if ours.path().is_empty() { "/" } else { ours.path() }, theirs.path());
    assert_eq!(ours.query().map(|query| query.replace('\'', "%27")).as_deref(), theirs.query());
}
