//! Inputs that several cases send or inject.

use openrouter_oauth_emulator::Fault;

/// RFC 7636, appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// The HTML page of a gateway in front of the service.
pub(super) fn gateway_page(status: u16) -> Fault {
    Fault::status(status).content_type("text/html").body("<html><h1>Bad gateway</h1></html>")
}
