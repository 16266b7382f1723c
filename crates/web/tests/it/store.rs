//! A store of claims that counts its calls and fails.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use openrouter_oauth::transport::BoxError;
use openrouter_oauth_web::{Claim, Claims, OneProcessClaims};

use crate::tokio_timer::TokioTimer;

/// A store that counts its calls, and fails or loses responses as a test asks.
#[derive(Clone)]
pub(crate) struct Store {
    inner: OneProcessClaims,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    pub(crate) claimed: AtomicUsize,
    pub(crate) settled: AtomicUsize,
    pub(crate) released: AtomicUsize,
    /// How many of the next claims fail, and how.
    faults: Mutex<Vec<StoreFault>>,
    /// How the calls that settle and release fail.
    settle: Mutex<Option<StoreFault>>,
    release: Mutex<Option<StoreFault>>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum StoreFault {
    /// The store cannot be reached.
    Down,
    /// The store records the claim, and its response is lost.
    LostResponse,
    /// The store never responds.
    Hangs,
    /// Another instance claimed the attempt this long ago, and died.
    Orphan(Duration),
}

impl Store {
    pub(crate) fn new(timer: TokioTimer) -> Self {
        Self { inner: OneProcessClaims::new(1000).timer(timer), state: Arc::default() }
    }

    /// Plans the faults of the next claims.
    pub(crate) fn inject(&self, faults: impl IntoIterator<Item = StoreFault>) {
        let mut planned: Vec<_> = faults.into_iter().collect();
        planned.reverse();
        *self.state.faults.lock().unwrap() = planned;
    }

    /// Lets all calls that settle fail.
    pub(crate) fn fail_settle(&self, fault: StoreFault) {
        *self.state.settle.lock().unwrap() = Some(fault);
    }

    /// Lets all calls that release fail.
    pub(crate) fn fail_release(&self, fault: StoreFault) {
        *self.state.release.lock().unwrap() = Some(fault);
    }

    /// Returns how often an attempt was claimed, settled, and released.
    pub(crate) fn calls(&self) -> [usize; 3] {
        let State { claimed, settled, released, .. } = &*self.state;
        [claimed, settled, released].map(|count| count.load(Ordering::Relaxed))
    }
}

impl Claims for Store {
    async fn claim(&self, id: &str, owner: &str, ttl: Duration) -> Result<Claim, BoxError> {
        self.state.claimed.fetch_add(1, Ordering::Relaxed);
        let fault = self.state.faults.lock().unwrap().pop();
        match fault {
            None => self.inner.claim(id, owner, ttl).await,
            Some(StoreFault::Down) => Err("the store is down".into()),
            Some(StoreFault::LostResponse) => {
                self.inner.claim(id, owner, ttl).await?;
                Err("the response was lost".into())
            }
            Some(StoreFault::Hangs) => std::future::pending().await,
            Some(StoreFault::Orphan(age)) => Ok(Claim::Taken { settled: false, age }),
        }
    }

    async fn settle(&self, id: &str, owner: &str) -> Result<(), BoxError> {
        self.state.settled.fetch_add(1, Ordering::Relaxed);
        let fault = *self.state.settle.lock().unwrap();
        respond(fault).await?;
        self.inner.settle(id, owner).await
    }

    async fn release(&self, id: &str, owner: &str) -> Result<(), BoxError> {
        self.state.released.fetch_add(1, Ordering::Relaxed);
        let fault = *self.state.release.lock().unwrap();
        respond(fault).await?;
        self.inner.release(id, owner).await
    }
}

async fn respond(fault: Option<StoreFault>) -> Result<(), BoxError> {
    match fault {
        None => Ok(()),
        Some(StoreFault::Hangs) => std::future::pending().await,
        Some(_) => Err("the store is down".into()),
    }
}
