//! A sign-in, from the authorize URL to the key.

// In reading order.
pub(crate) mod authorize;
pub(crate) mod callback;
mod exchange;
mod pasted;
pub(crate) mod pending;
mod pending_exchange;
pub(crate) mod pkce;
pub(crate) mod stored;
