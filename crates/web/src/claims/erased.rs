//! [`Claims`] as a trait object.

use std::{future::Future, pin::Pin, time::Duration};

use openrouter_oauth::transport::BoxError;

use super::{Claim, Claims};

pub(crate) type ClaimsFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send + 'a>>;

/// [`Claims`] with boxed futures, so that [`SignIn`](crate::SignIn) needs no type parameter.
pub(crate) trait ErasedClaims: Send + Sync {
    fn claim<'a>(&'a self, id: &'a str, owner: &'a str, ttl: Duration) -> ClaimsFuture<'a, Claim>;

    fn settle<'a>(&'a self, id: &'a str, owner: &'a str) -> ClaimsFuture<'a, ()>;

    fn release<'a>(&'a self, id: &'a str, owner: &'a str) -> ClaimsFuture<'a, ()>;
}

impl<C: Claims> ErasedClaims for C {
    fn claim<'a>(&'a self, id: &'a str, owner: &'a str, ttl: Duration) -> ClaimsFuture<'a, Claim> {
        Box::pin(Claims::claim(self, id, owner, ttl))
    }

    fn settle<'a>(&'a self, id: &'a str, owner: &'a str) -> ClaimsFuture<'a, ()> {
        Box::pin(Claims::settle(self, id, owner))
    }

    fn release<'a>(&'a self, id: &'a str, owner: &'a str) -> ClaimsFuture<'a, ()> {
        Box::pin(Claims::release(self, id, owner))
    }
}
