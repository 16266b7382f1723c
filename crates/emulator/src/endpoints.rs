//! The endpoints of the service, one per file.

pub(crate) mod authorize;
pub(crate) mod create_auth_code;
pub(crate) mod current_key;
pub(crate) mod exchange_auth_code;
pub(crate) mod exchange_token;
pub(crate) mod signing_keys;
