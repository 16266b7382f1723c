//! Claims of attempts to sign in, and not the claims of a token: the store that lets each attempt be exchanged once.

pub mod contract;

pub(crate) mod erased;
pub(crate) mod one_process;

#[cfg(feature = "redis")]
pub(crate) mod redis;

use std::{future::Future, time::Duration};

use openrouter_oauth::transport::BoxError;

#[doc(inline)]
pub use self::one_process::OneProcessClaims;
#[cfg(feature = "redis")]
#[doc(inline)]
pub use self::redis::RedisClaims;

/// A store that lets each attempt to sign in be exchanged once, however many instances receive its callback.
///
/// Before an exchange, [`Callback::finish`](crate::Callback::finish) claims the attempt. Of all requests for one attempt,
/// one wins, and only that one sends the code. All instances of an application must share one store.
///
/// # Contract
///
/// * [`claim`](Self::claim) is atomic: of calls with different owners, exactly one wins until the claim is released or
///   expires.
/// * A claim holds for at least `ttl`, even if the store runs short of memory. A store that cannot keep it must fail
///   instead.
/// * Calling a method again with the same arguments is harmless, because the response to the first call may be lost.
/// * A store that cannot be reached returns an error. The caller then sends nothing.
///
/// The caller limits how long it waits for a method, and then drops the future. If the store executes a dropped
/// `claim` after the `release` that follows, the claim holds until it expires, and the outcome counts as unknown,
/// although nothing was sent.
///
/// [`contract::run`] checks a store of your own. The example `postgres_claims` is a store in PostgreSQL.
pub trait Claims: Send + Sync + 'static {
    /// Claims the attempt `id` for `owner`. Both are at most 64 of the characters `A-Z a-z 0-9 - _`. If `owner` already
    /// holds the claim, it wins again, and the claim keeps its age.
    ///
    /// # Errors
    ///
    /// Return an error if the store cannot be reached, or has no room.
    fn claim(
        &self,
        id: &str,
        owner: &str,
        ttl: Duration,
    ) -> impl Future<Output = Result<Claim, BoxError>> + Send;

    /// Records that the outcome of the exchange is known, if `owner` holds the claim. Does nothing if another owner or
    /// no owner holds it. The claim keeps its age and its expiry.
    ///
    /// # Errors
    ///
    /// Return an error if the store cannot be reached.
    fn settle(&self, id: &str, owner: &str) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Removes the claim if `owner` holds it, so that the attempt can be claimed again. Does nothing if another owner
    /// or no owner holds it.
    ///
    /// # Errors
    ///
    /// Return an error if the store cannot be reached.
    fn release(&self, id: &str, owner: &str) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// The result of [`Claims::claim`].
#[expect(clippy::exhaustive_enums, reason = "stores construct it, and a claim is either won or taken")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Claim {
    /// The caller holds the claim.
    Won,
    /// Another owner holds the claim.
    Taken {
        /// Whether its exchange has a known outcome. See [`Claims::settle`].
        settled: bool,
        /// How long ago it was claimed.
        age: Duration,
    },
}
