//! Which callback URLs are valid, and whether a browser reads them the same way.
#![no_main]

use http::Uri;
use openrouter_oauth::CallbackUrl;
use openrouter_oauth_tests::fuzzed;
use url::Url;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzzed::callback_url(data);
    let valid = str::from_utf8(data).ok().filter(|text| CallbackUrl::parse(text).is_ok());
    // A browser rejects names that cannot be in Unicode. It then goes nowhere, so it cannot go to another host.
    if let Some((text, url)) = valid.and_then(|text| Some((text, Url::parse(text).ok()?))) {
        compare(&text.parse().unwrap(), &url);
    }
});

/// Checks that both parsers agree on where the browser goes. `url` implements the WHATWG's standard.
fn compare(uri: &Uri, url: &Url) {
    assert_eq!(uri.scheme_str(), Some(url.scheme()));
    // A browser writes hosts in lower case, and IPv6 addresses in their short form.
    let host = uri.host().unwrap();
    match url.host().unwrap() {
        url::Host::Ipv6(address) => assert_eq!(host.trim_matches(['[', ']']).parse(), Ok(address)),
        url_host => assert!(host.eq_ignore_ascii_case(&url_host.to_string()), "{host} and {url_host}"),
    }
    assert_eq!(uri.port_u16().or(url.port_or_known_default()), url.port_or_known_default());
    assert_eq!(uri.path(), url.path());
    // A browser escapes this character, which means the same.
    assert_eq!(uri.query().map(|query| query.replace('\'', "%27")).as_deref(), url.query());
}
