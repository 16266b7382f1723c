//! The phases of a sign-in: fresh, in flight, spent.

use std::{fmt, mem};

use openrouter_oauth_models::{CodeVerifier, KeyLabel, Origin};

use super::begun_at::BegunAt;
use crate::error::{Error, SpentReason};

/// The data that an exchange needs in addition to the code.
pub(crate) struct PendingExchange {
    pub(super) origin: Origin,
    pub(super) key_label: Option<KeyLabel>,
    pub(super) begun_at: BegunAt,
    pub(super) phase: Phase,
    /// Whether an earlier exchange ended with a response that was not OpenRouter's. Its code may have been used.
    pub(super) is_doubtful: bool,
}

pub(super) enum Phase {
    Fresh(CodeVerifier),
    InFlight,
    Spent(SpentReason),
}

impl PendingExchange {
    pub(super) fn new(
        origin: Origin,
        key_label: Option<KeyLabel>,
        verifier: CodeVerifier,
        begun_at: BegunAt,
    ) -> Self {
        Self { origin, key_label, begun_at, phase: Phase::Fresh(verifier), is_doubtful: false }
    }

    pub(super) fn is_fresh(&self) -> bool {
        matches!(self.phase, Phase::Fresh(_))
    }

    /// Returns the verifier. The sign-in is in flight until the caller sets the next phase.
    pub(super) fn take_verifier(&mut self) -> Result<CodeVerifier, Error> {
        match mem::replace(&mut self.phase, Phase::InFlight) {
            Phase::Fresh(verifier) => Ok(verifier),
            // A running exchange borrows `self` mutably, so the earlier exchange was dropped.
            Phase::InFlight => Err(self.spent(SpentReason::Abandoned)),
            Phase::Spent(reason) => Err(self.spent(reason)),
        }
    }

    fn spent(&mut self, reason: SpentReason) -> Error {
        self.phase = Phase::Spent(reason);
        Error::Spent(reason)
    }

    pub(super) fn fmt(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let phase = match self.phase {
            Phase::Fresh(_) => "fresh",
            Phase::InFlight => "in flight",
            Phase::Spent(_) => "spent",
        };
        f.debug_struct(name)
            .field("origin", &self.origin.as_str())
            .field("phase", &phase)
            .finish_non_exhaustive()
    }
}
