//! Error pages of gateways: responses that something other than OpenRouter sends.

use std::fmt::{self, Display};

/// A response without one of OpenRouter's bodies.
#[derive(Clone, Copy)]
pub(crate) struct GatewayPage {
    pub(crate) status: u16,
    /// More headers, each with its line end.
    headers: &'static str,
    content_type: &'static str,
    body: &'static str,
}

/// What an exchange may conclude from a page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PageMeaning {
    /// The request was turned away: nothing was created.
    TurnedAway,
    /// A key may exist, or not. The sign-in stays fresh, because the code may still be good.
    Doubt,
    /// A key may exist, or not. The sign-in is spent.
    Unknown,
}

/// Every status with every body.
pub(crate) fn all() -> impl Iterator<Item = GatewayPage> {
    STATUSES.into_iter().flat_map(|(status, headers)| {
        BODIES.into_iter().map(move |(content_type, body)| GatewayPage {
            status,
            headers,
            content_type,
            body,
        })
    })
}

const STATUSES: [(u16, &str); 22] = [
    (200, ""),
    (301, "location: https://portal.example/\r\n"),
    (302, "location: /login\r\n"),
    (307, ""),
    (400, ""),
    (401, "www-authenticate: Basic\r\n"),
    (403, "cf-mitigated: challenge\r\n"),
    (404, ""),
    (405, "allow: GET\r\n"),
    (408, ""),
    (413, ""),
    (421, ""),
    (425, ""),
    (429, "retry-after: 30\r\n"),
    (451, ""),
    (500, ""),
    (502, ""),
    (503, ""),
    (503, "retry-after: 30\r\n"),
    (504, ""),
    (511, ""),
    (520, "server: cloudflare\r\n"),
];

const BODIES: [(&str, &str); 10] = [
    ("text/html; charset=UTF-8", "<!DOCTYPE html><title>Just a moment...</title>"),
    // API gateways of AWS and Kong.
    ("application/json", r#"{"message":"Forbidden"}"#),
    // Rails, Spring and others.
    ("application/json", r#"{"status":403,"error":"Forbidden"}"#),
    // Azure: almost OpenRouter's envelope, but the code is a string.
    (
        "application/json",
        r#"{"error":{"code":"401","message":"Access denied due to missing subscription key."}}"#,
    ),
    // Cloudflare's API.
    ("application/json", r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}"#),
    // Almost OpenRouter's envelope, but without a code.
    ("application/json", r#"{"error":{"message":"Forbidden"}}"#),
    ("application/json", "null"),
    // A body that was cut off.
    ("application/json", r#"{"error":{"code":403,"mess"#),
    // Envoy.
    ("text/plain", "upstream connect error or disconnect/reset before headers"),
    ("", ""),
];

impl GatewayPage {
    pub(crate) fn meaning(&self) -> PageMeaning {
        match self.status {
            429 => PageMeaning::TurnedAway,
            503 if self.headers.contains("retry-after") => PageMeaning::TurnedAway,
            408 | 421 | 425 => PageMeaning::Unknown,
            300..500 => PageMeaning::Doubt,
            _ => PageMeaning::Unknown,
        }
    }

    /// Formats the page as an HTTP/1.1 response that ends the connection.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self { status, headers, content_type, body } = self;
        let content_type = match *content_type {
            "" => String::new(),
            content_type => format!("content-type: {content_type}\r\n"),
        };
        let length = body.len();
        format!(
            "HTTP/1.1 {status} Page\r\nconnection: close\r\n{headers}{content_type}content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

/// Formats the page for a message, on one line.
impl Display for GatewayPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, headers, content_type, body } = self;
        write!(f, "{status} {:?} {content_type:?} {body:?}", headers.trim_end())
    }
}
