//! The code of the how-to pages. `docs.rs` compares it with the pages.

mod custom_pages;
mod data;
mod sessions;
#[cfg(feature = "redis")]
mod several_instances;
mod testing;
