//! A sign-in, from the authorize URL to the key.

// In reading order.
mod age;
pub(crate) mod authorize;
mod begun_at;
pub(crate) mod callback;
mod exchange;
pub(crate) mod parts;
mod pasted;
pub(crate) mod pending;
mod pending_exchange;
pub(crate) mod pkce;
pub(crate) mod stored;
