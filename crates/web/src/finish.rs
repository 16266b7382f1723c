//! The claim of an attempt, and the exchange of its code.

mod claim;

use std::{future::Future, sync::Arc, time::Duration};

use openrouter_oauth::{Error, transport::within};

use self::claim::{Claimed, Rival, WITHOUT_DEADLINE};
use crate::{
    callback::{Callback, Ready},
    claimant::Claimant,
    connected::Connected,
    cookie::attempt::AttemptId,
    ending::{Cause, Ending},
    outcome::{FinalOutcome, Outcome},
    settings::Settings,
    subject::Subject,
};

impl Callback {
    /// Checks that `subject` began the sign-in, claims the attempt, and exchanges the code.
    ///
    /// Run this future, and the code that stores the key, in a task that outlives the connection. Web servers drop a
    /// handler when its browser goes away, and then the key would be lost.
    ///
    /// It takes at most as long as the client's timeout (10 minutes if it has none), and 15 s for a slow store. If
    /// another request exchanges the same code, it waits for that one, up to 35 s with a slow store.
    ///
    /// # Errors
    ///
    /// An [`Ending`], which has the response for the browser. Its [`outcome`](Ending::outcome) says whether anything was
    /// sent. Endings of the steps before, such as [`Outcome::Denied`] and [`Outcome::Expired`], are returned before the
    /// subject is checked. Their page links to the `return_to` of the user who began the sign-in, even if another user
    /// of the same browser opens it. So put no secret into `return_to`.
    pub fn finish<S: Subject + ?Sized>(
        self,
        subject: &S,
    ) -> impl Future<Output = Result<Connected, Ending>> + Send + use<S> {
        let settings = self.settings;
        let ready = self.read.and_then(|ready| checked(&settings, ready, &subject.subject()));
        async move { exchange(settings, ready?).await }
    }
}

fn checked(settings: &Settings, ready: Box<Ready>, subject: &str) -> Result<Box<Ready>, Ending> {
    let is_ours = settings.jar.keys.ring().has_hash(subject, &ready.subject);
    if is_ours { Ok(ready) } else { Err(Ending::keep(settings, Outcome::NotOurs, None)) }
}

async fn exchange(settings: Arc<Settings>, mut ready: Box<Ready>) -> Result<Connected, Ending> {
    let Some(permit) = settings.exchanges.try_acquire() else {
        return Err(try_again(&settings, None, None));
    };
    let claimant = Claimant::new(&settings, &ready.attempt_id)
        .map_err(|error| try_again(&settings, None, Some(Cause::Store(error))))?;
    // The permit is kept until the exchange ends.
    let (claimant, _permit) = match claim::claim(claimant, permit).await {
        Claimed::Won(claimant, permit) => (claimant, permit),
        Claimed::Lost(rival) => return Err(lost(&settings, &rival, &ready)),
        Claimed::Released => return Err(try_again(&settings, None, None)),
        Claimed::Failed(error) => return Err(try_again(&settings, None, Some(Cause::Store(error)))),
    };
    let exchange = ready.sign_in.exchange(&settings.client, &ready.code);
    let exchanged = match settings.client.timeout() {
        Some(_) => exchange.await,
        // Otherwise, a silent service would use up the permits.
        None => match within(&*settings.timer, WITHOUT_DEADLINE, exchange).await {
            Some(exchanged) => exchanged,
            None => return Err(end(&settings, &ready, FinalOutcome::OutcomeUnknown, None)),
        },
    };
    match exchanged {
        Ok(grant) => {
            let Ready { attempt_id, return_to, data, .. } = *ready;
            Ok(Connected { settings, claimant, attempt_id, grant, return_to, data })
        }
        Err(error) => match Failure::new(&error) {
            Failure::NotProcessed(retry_after) => {
                claimant.release().await;
                Err(try_again(&settings, retry_after, Some(Cause::Client(error))))
            }
            Failure::Known(outcome) => {
                claimant.settle().await;
                Err(end(&settings, &ready, outcome, Some(error)))
            }
            // The claim stays unsettled, so that no page says that the sign-in is finished.
            Failure::Unknown => Err(end(&settings, &ready, FinalOutcome::OutcomeUnknown, Some(error))),
        },
    }
}

/// What the error of an exchange says about its code.
enum Failure {
    /// The code was not used.
    NotProcessed(Option<Duration>),
    /// OpenRouter rejected the code.
    Known(FinalOutcome),
    /// The code may have been used.
    Unknown,
}

impl Failure {
    fn new(error: &Error) -> Self {
        match error {
            Error::RateLimited { retry_after, .. } | Error::ServiceUnavailable { retry_after, .. } => {
                Self::NotProcessed(*retry_after)
            }
            error if !error.may_have_been_sent() => Self::NotProcessed(None),
            error if error.may_have_acted() => Self::Unknown,
            error if error.is_expired_code() => Self::Known(FinalOutcome::Expired),
            Error::Api(_) => Self::Known(FinalOutcome::Rejected),
            _ => Self::Unknown,
        }
    }
}

/// Leaves the cookie to the request that holds the claim, which knows how the attempt ended.
fn lost(settings: &Settings, rival: &Rival, ready: &Ready) -> Ending {
    let known = |outcome| Ending::keep_known(settings, outcome, &ready.return_to);
    match *rival {
        Rival::Ended => known(FinalOutcome::AlreadyUsed),
        Rival::Unknown => known(FinalOutcome::OutcomeUnknown),
        Rival::Running(retry_after) => Ending::keep(settings, Outcome::StillRunning { retry_after }, None),
    }
}

fn try_again(settings: &Settings, retry_after: Option<Duration>, cause: Option<Cause>) -> Ending {
    Ending::keep(settings, Outcome::TryAgain { retry_after }, cause)
}

fn end(settings: &Settings, ready: &Ready, outcome: FinalOutcome, error: Option<Error>) -> Ending {
    let cause = error.map(Cause::Client);
    match AttemptId::parse(&ready.attempt_id) {
        Some(attempt) => Ending::end(settings, attempt, outcome, &ready.return_to, cause),
        // The ID was parsed before.
        None => Ending::keep(settings, Outcome::NotOurs, cause),
    }
}
