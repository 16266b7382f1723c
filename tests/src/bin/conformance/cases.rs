//! The cases, each with the expected results of the SDKs.
//!
//! `$server` is the emulator's base URL, `$page` its authorize URL without parameters, and `$key` a valid key.

mod exchange_auth_code;

mod create_auth_code;

mod current_key;

mod exchange_token;

mod signing_keys;

mod class;
mod inputs;

use crate::case::Case;

/// All cases.
pub(crate) fn all() -> impl Iterator<Item = Case> {
    let accepted = exchange_auth_code::accepted().into_iter().chain(create_auth_code::accepted());
    let rejected = exchange_auth_code::rejected().into_iter().chain(create_auth_code::rejected());
    let others = [current_key::all(), exchange_token::all(), signing_keys::all()].into_iter().flatten();
    accepted.chain(rejected).chain(others)
}
