//! The system's clocks. On `wasm32-unknown-unknown`, those of the standard library panic.

use std::time::SystemTime;

/// The time of a [`Timer`](crate::Timer): `std::time::Instant`, or on `wasm32-unknown-unknown`, `web_time::Instant`,
/// which has the same methods and uses JavaScript's `performance.now()`.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use std::time::Instant;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub use web_time::Instant;

/// Returns the wall-clock time: `std::time::SystemTime::now()`, or on `wasm32-unknown-unknown`, the time of JavaScript's
/// `Date.now()`.
pub fn system_time() -> SystemTime {
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    {
        SystemTime::now()
    }
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    {
        web_time::web::SystemTimeExt::to_std(web_time::SystemTime::now())
    }
}
