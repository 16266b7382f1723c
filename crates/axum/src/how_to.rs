//! How to run a sign-in in production, and how to test one. Each page has a whole example.
//!
//! This module has no items of its own. It exists only in the documentation.

/// The session cookie, logging out, and a session that ended.
#[doc = include_str!("../docs/sessions.md")]
pub mod sessions {}

/// A table of encrypted keys in PostgreSQL, and the rotation of vault keys.
#[doc = include_str!("../docs/database.md")]
pub mod database {}

/// The two rejections after which an application forgets a key, and the button "Disconnect".
#[doc = include_str!("../docs/revocation.md")]
pub mod revocation {}

/// Deploys that lose no key.
#[doc = include_str!("../docs/shutdown.md")]
pub mod shutdown {}

/// The settings that instances share, claims in Redis, and the rotation of cookie keys.
// The example needs the feature.
#[cfg(any(not(doctest), feature = "redis"))]
#[doc = include_str!("../docs/several-instances.md")]
pub mod several_instances {}

/// Paths, timeouts, and logs without codes, for nginx and tower-http.
#[doc = include_str!("../docs/behind-a-proxy.md")]
pub mod behind_a_proxy {}

/// The application's own layout, sentences, and data.
#[doc = include_str!("../docs/custom-pages.md")]
pub mod custom_pages {}

/// Tests of a user who connects, and of one who declines.
#[doc = include_str!("../docs/testing.md")]
pub mod testing {}
