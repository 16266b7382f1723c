//! What the service remembers.

pub(crate) mod bounded;
pub(crate) mod clock;
pub(crate) mod grant;
pub(crate) mod jwt;
pub(crate) mod random;
