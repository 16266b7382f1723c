//! Claims in the memory of one process.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    future::{Future, ready},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use openrouter_oauth::transport::{BoxError, Instant, Timer};

use super::{Claim, Claims};

/// Claims in the memory of one process, for an application that runs as a single instance.
///
/// Two instances would not see each other's claims, so both could send the same code. After a restart, the claims are
/// gone. In both cases, only OpenRouter's single use of a code remains. For several instances, use a shared store.
///
/// Clones share the claims.
#[derive(Clone)]
pub struct OneProcessClaims {
    capacity: usize,
    timer: Option<Arc<dyn Timer>>,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    by_id: HashMap<Arc<str>, Entry>,
    by_expiry: BTreeSet<(Instant, Arc<str>)>,
}

struct Entry {
    owner: Box<str>,
    since: Instant,
    /// `None` if the clock cannot represent it: the claim never expires.
    until: Option<Instant>,
    settled: bool,
}

/// The error of a [`OneProcessClaims`] without room.
#[derive(Debug, thiserror::Error)]
#[error("all {0} claims are in use; raise the capacity of `OneProcessClaims`")]
struct Full(usize);

impl OneProcessClaims {
    /// Creates a store for at most `capacity` claims. It drops a claim once it expires. While the store is full, and
    /// always with a capacity of 0, it fails, so nothing is sent.
    ///
    /// One claim is made for each attempt whose callback comes with any code, and is kept for a little longer than the
    /// attempt's lifetime. Anyone who can begin a sign-in can make claims, so limit the rate of callbacks for each user.
    /// Otherwise the store fills, and nobody can sign in.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, timer: None, table: Arc::default() }
    }

    /// Sets the clock that measures the age of a claim. By default, it is the system's monotonic clock.
    #[must_use]
    pub fn timer(mut self, timer: impl Timer + 'static) -> Self {
        self.timer = Some(Arc::new(timer));
        self
    }

    fn now(&self) -> Instant {
        self.timer.as_ref().map_or_else(Instant::now, Timer::now)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A panic cannot leave the table half changed, because nothing in between can panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim_now(&self, id: &str, owner: &str, ttl: Duration) -> Result<Claim, Full> {
        let now = self.now();
        let mut table = self.table();
        table.drop_expired(now);
        if let Some(entry) = table.by_id.get(id) {
            return Ok(entry.seen_by(owner, now));
        }
        if table.by_id.len() >= self.capacity {
            return Err(Full(self.capacity));
        }
        table.insert(
            id,
            Entry { owner: owner.into(), since: now, until: now.checked_add(ttl), settled: false },
        );
        Ok(Claim::Won)
    }
}

impl Table {
    fn insert(&mut self, id: &str, entry: Entry) {
        let id: Arc<str> = id.into();
        self.by_expiry.extend(entry.until.map(|until| (until, Arc::clone(&id))));
        self.by_id.insert(id, entry);
    }

    fn drop_expired(&mut self, now: Instant) {
        while self.by_expiry.first().is_some_and(|(until, _)| *until <= now) {
            if let Some((_, id)) = self.by_expiry.pop_first() {
                self.by_id.remove(&id);
            }
        }
    }

    fn remove(&mut self, id: &str, owner: &str) {
        if self.by_id.get(id).is_some_and(|entry| *entry.owner == *owner) {
            if let Some((id, Entry { until: Some(until), .. })) = self.by_id.remove_entry(id) {
                self.by_expiry.remove(&(until, id));
            }
        }
    }
}

impl Entry {
    fn seen_by(&self, owner: &str, now: Instant) -> Claim {
        if *self.owner == *owner {
            return Claim::Won;
        }
        Claim::Taken { settled: self.settled, age: now.saturating_duration_since(self.since) }
    }
}

impl Claims for OneProcessClaims {
    fn claim(
        &self,
        id: &str,
        owner: &str,
        ttl: Duration,
    ) -> impl Future<Output = Result<Claim, BoxError>> + Send {
        ready(self.claim_now(id, owner, ttl).map_err(Into::into))
    }

    fn settle(&self, id: &str, owner: &str) -> impl Future<Output = Result<(), BoxError>> + Send {
        if let Some(entry) = self.table().by_id.get_mut(id).filter(|entry| *entry.owner == *owner) {
            entry.settled = true;
        }
        ready(Ok(()))
    }

    fn release(&self, id: &str, owner: &str) -> impl Future<Output = Result<(), BoxError>> + Send {
        self.table().remove(id, owner);
        ready(Ok(()))
    }
}

impl fmt::Debug for OneProcessClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneProcessClaims").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use openrouter_oauth_transport::testing::ManualTimer;

    use super::*;

    const TTL: Duration = Duration::from_secs(60);

    fn claims(capacity: usize) -> (OneProcessClaims, ManualTimer) {
        let timer = ManualTimer::new();
        (OneProcessClaims::new(capacity).timer(timer.clone()), timer)
    }

    fn sizes(claims: &OneProcessClaims) -> (usize, usize) {
        let table = claims.table();
        (table.by_id.len(), table.by_expiry.len())
    }

    #[tokio::test]
    async fn first_owner_wins_and_wins_again() {
        let (claims, timer) = claims(9);
        assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
        timer.advance(Duration::from_secs(3));
        assert_eq!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Won);
        let age = Duration::from_secs(3);
        assert_eq!(claims.claim("id", "theirs", TTL).await.unwrap(), Claim::Taken { settled: false, age });
        claims.settle("id", "theirs").await.unwrap();
        assert_eq!(claims.claim("id", "theirs", TTL).await.unwrap(), Claim::Taken { settled: false, age });
        claims.settle("id", "ours").await.unwrap();
        assert_eq!(claims.claim("id", "theirs", TTL).await.unwrap(), Claim::Taken { settled: true, age });
    }

    #[tokio::test]
    async fn only_the_owner_releases() {
        let (claims, _) = claims(9);
        claims.claim("id", "ours", TTL).await.unwrap();
        claims.release("id", "theirs").await.unwrap();
        assert!(matches!(claims.claim("id", "theirs", TTL).await.unwrap(), Claim::Taken { .. }));
        claims.release("id", "ours").await.unwrap();
        assert_eq!(claims.claim("id", "theirs", TTL).await.unwrap(), Claim::Won);
        // A release that arrives late does not free the new owner's claim.
        claims.release("id", "ours").await.unwrap();
        assert!(matches!(claims.claim("id", "ours", TTL).await.unwrap(), Claim::Taken { .. }));
    }

    #[tokio::test]
    async fn full_store_fails_until_a_claim_expires() {
        // W-6
        let (claims, timer) = claims(2);
        claims.claim("a", "ours", TTL).await.unwrap();
        timer.advance(TTL / 2);
        claims.claim("b", "ours", TTL).await.unwrap();
        let error = claims.claim("c", "ours", TTL).await.unwrap_err().to_string();
        assert!(error.contains("all 2 claims"), "{error}");
        assert_eq!(claims.claim("a", "ours", TTL).await.unwrap(), Claim::Won, "known claims still work");
        timer.advance(TTL / 2);
        assert_eq!(claims.claim("c", "ours", TTL).await.unwrap(), Claim::Won);
        assert_eq!(sizes(&claims), (2, 2));
    }

    #[tokio::test]
    async fn released_claims_leave_nothing_behind() {
        let (claims, _) = claims(1);
        for _ in 0..1000 {
            claims.claim("id", "ours", TTL).await.unwrap();
            claims.release("id", "ours").await.unwrap();
        }
        assert_eq!(sizes(&claims), (0, 0));
        claims.claim("id", "ours", Duration::MAX).await.unwrap();
        claims.release("id", "ours").await.unwrap();
        assert_eq!(sizes(&claims), (0, 0));
    }
}
