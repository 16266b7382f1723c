//! The cookie of one attempt to sign in.

pub(crate) mod attempt;
pub(crate) mod content;
pub(crate) mod header;
pub(crate) mod jar;
