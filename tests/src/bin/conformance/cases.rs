//! The table: every question, and what both SDKs must make of the emulator's answer.
//!
//! `$server` is the base URL of the emulator, `$page` its authorize page without parameters, `$key` a good key.

mod exchange_auth_code;

mod create_auth_code;

mod current_key;

mod exchange_token;

mod signing_keys;

mod class;

use openrouter_oauth_emulator::Fault;

use crate::case::{Act, Case};

/// All cases.
pub(crate) fn all() -> impl Iterator<Item = Case> {
    let accepted = exchange_auth_code::accepted().into_iter().chain(create_auth_code::accepted());
    let refused = exchange_auth_code::refused().into_iter().chain(create_auth_code::refused());
    let others = [current_key::all(), exchange_token::all(), signing_keys::all()].into_iter().flatten();
    accepted.chain(refused).chain(others)
}

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// `fault` happens to the next request for `path`, where the SDK must report what `act` says.
fn faulty(name: &'static str, path: &str, fault: Fault, act: Act) -> Case {
    Case::new(name, [Act::Inject(fault.on(path)), act])
}

/// What stands in front of a server says such things.
fn web_page(status: u16) -> Fault {
    Fault::status(status).content_type("text/html").body("<html><h1>Bad gateway</h1></html>")
}
