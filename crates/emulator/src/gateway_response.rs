//! Responses that something between a client and the service sends.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response,
    header::{CONTENT_TYPE, RETRY_AFTER, SERVER},
};

use crate::canned_response::{CannedResponse, Sender};

/// A response that a gateway sends instead of the service, for [`Fault::gateway`](crate::Fault::gateway).
///
/// The Cloudflare, Envoy, and nginx responses have the status, headers, and phrases that these products are known for.
/// The corporate proxy and the captive portal are typical examples. None was captured here. Cloudflare is in front of
/// the real service. Whether its other gateways are these is a guess.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GatewayResponse {
    /// Cloudflare asks for a browser with JavaScript: 403, HTML, `cf-mitigated: challenge`.
    CloudflareChallenge,
    /// A firewall rule of Cloudflare blocks the client: 403, HTML, error 1020.
    CloudflareBlocked,
    /// Cloudflare limits the rate: 429, plain text, error 1015, `retry-after: 10`.
    CloudflareRateLimited,
    /// Cloudflare gets no valid response from the service: 502, HTML.
    Cloudflare502,
    /// Cloudflare gets an unexpected response from the service: 520, HTML.
    Cloudflare520,
    /// Cloudflare cannot connect to the service in time: 522, HTML.
    Cloudflare522,
    /// Cloudflare connects to the service, which does not respond in time: 524, HTML.
    Cloudflare524,
    /// Envoy loses its connection to the service: 503, plain text, no `retry-after`.
    Envoy503,
    /// Envoy gets no response from the service in time: 504, plain text.
    Envoy504,
    /// nginx gets no valid response from the service: 502, HTML.
    Nginx502,
    /// A company's proxy forbids the site: 403, HTML.
    CorporateProxy403,
    /// A network sends its sign-in page instead of the response: 200, HTML.
    CaptivePortal,
}

impl GatewayResponse {
    /// Every response.
    pub const ALL: &'static [Self] = &[
        Self::CloudflareChallenge,
        Self::CloudflareBlocked,
        Self::CloudflareRateLimited,
        Self::Cloudflare502,
        Self::Cloudflare520,
        Self::Cloudflare522,
        Self::Cloudflare524,
        Self::Envoy503,
        Self::Envoy504,
        Self::Nginx502,
        Self::CorporateProxy403,
        Self::CaptivePortal,
    ];

    /// Returns the response's name in `POST /emulator/faults`, such as `cloudflare_challenge`.
    pub fn name(self) -> &'static str {
        match self {
            Self::CloudflareChallenge => "cloudflare_challenge",
            Self::CloudflareBlocked => "cloudflare_blocked",
            Self::CloudflareRateLimited => "cloudflare_rate_limited",
            Self::Cloudflare502 => "cloudflare_502",
            Self::Cloudflare520 => "cloudflare_520",
            Self::Cloudflare522 => "cloudflare_522",
            Self::Cloudflare524 => "cloudflare_524",
            Self::Envoy503 => "envoy_503",
            Self::Envoy504 => "envoy_504",
            Self::Nginx502 => "nginx_502",
            Self::CorporateProxy403 => "corporate_proxy_403",
            Self::CaptivePortal => "captive_portal",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|response| response.name() == name)
    }

    /// Returns the response without the ID that Cloudflare assigns to the request; see [`add_ray`].
    pub(crate) fn to_canned(self) -> CannedResponse {
        match self {
            Self::CloudflareChallenge => canned(403, CLOUDFLARE, HTML)
                .with_header(&CF_MITIGATED, "challenge")
                .with_body(include_str!("gateway_response/cloudflare_challenge.html")),
            Self::CloudflareBlocked => canned(403, CLOUDFLARE, HTML)
                .with_body(include_str!("gateway_response/cloudflare_blocked.html")),
            Self::CloudflareRateLimited => {
                canned(429, CLOUDFLARE, TEXT).with_header(&RETRY_AFTER, "10").with_body("error code: 1015")
            }
            Self::Cloudflare502 => cloudflare_error(502, "Bad gateway"),
            Self::Cloudflare520 => cloudflare_error(520, "Web server is returning an unknown error"),
            Self::Cloudflare522 => cloudflare_error(522, "Connection timed out"),
            Self::Cloudflare524 => cloudflare_error(524, "A timeout occurred"),
            Self::Envoy503 => canned(503, "envoy", TEXT).with_body(
                "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
            ),
            Self::Envoy504 => canned(504, "envoy", TEXT).with_body("upstream request timeout"),
            Self::Nginx502 => canned(502, "nginx", "text/html")
                .with_body(include_str!("gateway_response/nginx_502.html")),
            Self::CorporateProxy403 => canned(403, "squid", HTML)
                .with_body(include_str!("gateway_response/corporate_proxy_403.html")),
            Self::CaptivePortal => canned(200, "lighttpd", HTML)
                .with_body(include_str!("gateway_response/captive_portal.html")),
        }
    }
}

const CLOUDFLARE: &str = "cloudflare";
const CF_MITIGATED: HeaderName = HeaderName::from_static("cf-mitigated");
const HTML: &str = "text/html; charset=UTF-8";
const TEXT: &str = "text/plain";

fn canned(status: u16, server: &str, content_type: &str) -> CannedResponse {
    let canned = CannedResponse::new(Sender::Gateway, status);
    canned.with_header(&SERVER, server).with_header(&CONTENT_TYPE, content_type)
}

/// A response that Cloudflare sends if the service behind it fails.
fn cloudflare_error(status: u16, title: &str) -> CannedResponse {
    let page = include_str!("gateway_response/cloudflare_error.html");
    let page = page.replace("{status}", &status.to_string()).replace("{title}", title);
    canned(status, CLOUDFLARE, HTML).with_body(page)
}

/// Adds the ID that Cloudflare assigns to the request to a response of Cloudflare: as a header, and in the text in
/// place of `{ray}`.
pub(crate) fn add_ray(response: &mut Response<Bytes>, ray: &str) {
    let is_cloudflare = response.headers().get(SERVER).is_some_and(|server| server == CLOUDFLARE);
    let Some(header) = HeaderValue::from_str(ray).ok().filter(|_| is_cloudflare) else { return };
    response.headers_mut().insert("cf-ray", header);
    let digits = ray.split('-').next().unwrap_or_default();
    let text = String::from_utf8_lossy(response.body()).replace("{ray}", digits);
    *response.body_mut() = text.into();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_response_is_found_by_its_name() {
        for &gateway in GatewayResponse::ALL {
            assert_eq!(GatewayResponse::from_name(gateway.name()), Some(gateway));
        }
        assert_eq!(GatewayResponse::from_name(""), None);
    }

    #[test]
    fn every_response_is_complete() {
        for &gateway in GatewayResponse::ALL {
            let canned = gateway.to_canned();
            let mut response = canned.to_response(|_| panic!("every response has a body")).unwrap();
            add_ray(&mut response, "8f0c1a2b3c4d5e6f-FRA");
            let name = gateway.name();
            assert_eq!(response.status().as_u16(), canned.status, "{name}");
            let body = std::str::from_utf8(response.body()).unwrap();
            assert!(!body.contains(['{', '}']), "{name}: {body}");
            let is_html = response.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("text/html");
            assert_eq!(body.contains("<html"), is_html, "{name}");
            // The ID in the text is that of the header.
            let is_cloudflare = name.starts_with("cloudflare_");
            assert_eq!(response.headers().contains_key("cf-ray"), is_cloudflare, "{name}");
            assert_eq!(body.contains("Ray ID: 8f0c1a2b3c4d5e6f"), is_cloudflare && is_html, "{name}");
        }
    }
}
