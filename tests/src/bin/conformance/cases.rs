//! The cases, each with the expected results of both SDKs.
//!
//! `$server` is the emulator's base URL, `$page` its authorize URL without parameters, and `$key` a valid key.

mod exchange_auth_code;

mod create_auth_code;

mod current_key;

mod exchange_token;

mod signing_keys;

mod class;

use openrouter_oauth_emulator::Fault;

use crate::case::{Action, Case};

/// All cases.
pub(crate) fn all() -> impl Iterator<Item = Case> {
    let accepted = exchange_auth_code::accepted().into_iter().chain(create_auth_code::accepted());
    let rejected = exchange_auth_code::rejected().into_iter().chain(create_auth_code::rejected());
    let others = [current_key::all(), exchange_token::all(), signing_keys::all()].into_iter().flatten();
    accepted.chain(rejected).chain(others)
}

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A case with one fault on the next request for `path`, and one action.
fn with_fault(name: &'static str, path: &str, fault: Fault, action: Action) -> Case {
    Case::new(name, [Action::Inject(fault.on(path)), action])
}

/// The HTML page of a gateway in front of the service.
fn gateway_page(status: u16) -> Fault {
    Fault::status(status).content_type("text/html").body("<html><h1>Bad gateway</h1></html>")
}
