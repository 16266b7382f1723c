//! The call that claims an attempt.

use std::{future::Future, sync::Arc, time::Duration};

use base64ct::{Base64UrlUnpadded, Encoding};
use openrouter_oauth::transport::{BoxError, within};

use crate::{
    claims::Claim,
    settings::{MAX_SKEW, Settings},
};

/// How long one call of the store may take.
pub(crate) const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// One call that claims an attempt, under a random name.
pub(crate) struct Claimant {
    pub(crate) settings: Arc<Settings>,
    id: String,
    owner: String,
}

impl Claimant {
    pub(crate) fn new(settings: &Arc<Settings>, id: &str) -> Result<Self, BoxError> {
        let mut owner = [0; 16];
        settings.client.entropy().fill(&mut owner)?;
        let owner = Base64UrlUnpadded::encode_string(&owner);
        Ok(Self { settings: Arc::clone(settings), id: id.to_owned(), owner })
    }

    pub(crate) async fn claim(&self) -> Result<Claim, BoxError> {
        // The claim outlives its attempt, on the clock of every instance.
        let ttl = self.settings.jar.lifetime.saturating_add(5 * MAX_SKEW);
        self.in_time(self.settings.claims.claim(&self.id, &self.owner, ttl)).await
    }

    /// Records that the outcome is known. If the store fails, others see that the outcome is unknown.
    pub(crate) async fn settle(&self) {
        let _ignored = self.in_time(self.settings.claims.settle(&self.id, &self.owner)).await;
    }

    /// Lets the attempt be claimed again. If the store fails, others see that the outcome is unknown.
    pub(crate) async fn release(&self) {
        let _ignored = self.in_time(self.settings.claims.release(&self.id, &self.owner)).await;
    }

    async fn in_time<T>(&self, call: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
        let result = within(&*self.settings.timer, STORE_TIMEOUT, call).await;
        result.unwrap_or_else(|| Err("the store of claims did not respond in time".into()))
    }
}
