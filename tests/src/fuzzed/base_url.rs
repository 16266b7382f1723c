//! The base URL of the service.

use std::net::Ipv6Addr;

use bytes::Bytes;
use http::Response;
use openrouter_oauth::{AuthorizationCode, Client, Error, ExchangeAuthCode};
use openrouter_oauth_transport::testing::{Capture, ManualTimer};

use super::{
    checks::{assert_browser_agrees, assert_fit_to_show},
    poll::ready,
};
use crate::canary;

/// Checks a base URL: all requests go to it, and it uses `https` or a loopback host.
pub fn base_url(data: &[u8]) {
    // C-9
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let transport = Capture::new(Response::new(Bytes::from_static(br#"{"key":"k"}"#)));
    let builder = Client::builder().base_url(text).transport(transport.clone()).timer(ManualTimer::new());
    let client = match builder.build() {
        Ok(client) => client,
        Err(error) => {
            assert!(matches!(error, Error::Invalid(_)), "{error}");
            return assert_fit_to_show(&error, &[]);
        }
    };
    let code = AuthorizationCode::parse(canary::CODE).unwrap();
    let exchanged = ready(async { client.exchange_auth_code(ExchangeAuthCode::new(code)).await });
    match exchanged.expect("the transport responds at once") {
        Ok(grant) => assert_eq!(grant.key.expose(), "k"),
        // No endpoint can be below this path.
        Err(error) => {
            assert!(matches!(error, Error::Invalid(_)), "{error}");
            return transport.expect_no_request();
        }
    }
    let uri = transport.expect_request().uri().clone();
    let base = text.trim_end_matches('/');
    let has_path = base.splitn(4, '/').nth(3).is_some();
    let expected = format!("{base}{}/auth/keys", if has_path { "" } else { "/api/v1" });
    assert_browser_agrees(text);
    assert_eq!(uri.to_string().to_ascii_lowercase(), expected.to_ascii_lowercase());
    assert!(!uri.authority().unwrap().as_str().contains('@'));
    let host = uri.host().unwrap();
    let is_loopback = host == "localhost" || host.starts_with("127.") || is_ipv6_loopback(host);
    assert!(uri.scheme_str() == Some("https") || is_loopback, "{uri}");
}

/// Returns whether `host` is `[::1]`, in any of its spellings.
fn is_ipv6_loopback(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse() == Ok(Ipv6Addr::LOCALHOST)
}
