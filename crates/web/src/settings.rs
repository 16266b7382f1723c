//! The settings of an application's sign-in.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::HeaderValue;
use openrouter_oauth::{CallbackUrl, Client, CreditLimit, KeyLabel, WorkspaceId, transport::Timer};

use crate::{
    claims::erased::ErasedClaims, cookie::jar::Jar, page::Page, permits::Permits, return_to::ReturnTo,
};

/// By how much the clocks of two instances may differ.
pub(crate) const MAX_SKEW: Duration = Duration::from_secs(60);

pub(crate) struct Settings {
    pub(crate) client: Client,
    pub(crate) timer: Arc<dyn Timer>,
    pub(crate) clock: Option<Clock>,
    pub(crate) jar: Jar,
    /// Without the ID of an attempt.
    pub(crate) callback_url: CallbackUrl,
    pub(crate) proposal: Proposal,
    pub(crate) claims: Box<dyn ErasedClaims>,
    pub(crate) exchanges: Permits,
    /// The callbacks that wait for an exchange of another call.
    pub(crate) waiting: Permits,
    pub(crate) pages: Option<Pages>,
    pub(crate) content_security_policy: HeaderValue,
}

pub(crate) type Clock = Box<dyn Fn() -> SystemTime + Send + Sync>;
pub(crate) type Pages = Box<dyn Fn(&Page<'_>) -> String + Send + Sync>;

/// What the application proposes for the key.
#[derive(Default)]
pub(crate) struct Proposal {
    pub(crate) key_label: Option<KeyLabel>,
    pub(crate) limit: Option<CreditLimit>,
    pub(crate) workspace_id: Option<WorkspaceId>,
    pub(crate) required_workspace_id: Option<WorkspaceId>,
}

impl Settings {
    pub(crate) fn now(&self) -> SystemTime {
        self.clock.as_ref().map_or_else(|| self.client.system_time(), |clock| clock())
    }

    /// Returns whether an attempt that began at this time can still be finished.
    pub(crate) fn is_current(&self, begun_at: SystemTime) -> bool {
        match self.now().duration_since(begun_at) {
            Ok(age) => age <= self.jar.lifetime,
            Err(ahead) => ahead.duration() <= MAX_SKEW,
        }
    }

    /// Returns the absolute URL of a page of the application.
    pub(crate) fn url_of(&self, return_to: &ReturnTo) -> String {
        [self.jar.origin.as_str(), return_to.as_str()].concat()
    }

    /// Returns the absolute URL at which a sign-in begins.
    pub(crate) fn begin_url(&self, return_to: Option<&ReturnTo>) -> String {
        [self.jar.origin.as_str(), &self.jar.mount, &begin_query(return_to)].concat()
    }

    /// Returns the absolute URL of an attempt's callback, without a query.
    pub(crate) fn url_of_callback(&self, attempt_id: &str) -> String {
        [self.callback_url.as_str(), "/", attempt_id].concat()
    }
}

/// Returns `?return_to=…`, or nothing for the root.
pub(crate) fn begin_query(return_to: Option<&ReturnTo>) -> String {
    return_to.filter(|return_to| return_to.as_str() != "/").map_or_else(String::new, |return_to| {
        let encoded = form_urlencoded::byte_serialize(return_to.as_str().as_bytes());
        std::iter::once("?return_to=").chain(encoded).collect()
    })
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("origin", &self.jar.origin.as_str())
            .field("mount", &self.jar.mount)
            .finish_non_exhaustive()
    }
}
