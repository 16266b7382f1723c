//! A finished sign-in.

use std::{fmt, sync::Arc};

use http::{Response, header::SET_COOKIE};
use openrouter_oauth::{ApiKey, ApiKeyGrant};

use crate::{
    claimant::Claimant, cookie::attempt::AttemptId, ending::ended_cookie, outcome::FinalOutcome, response,
    return_to::ReturnTo, settings::Settings, unverified::Unverified,
};

/// A finished sign-in with its key. Within 20 seconds, store the key for the local user who began the sign-in. Then
/// respond with [`done`](Self::done).
///
/// Until `done`, the sign-in counts as unfinished. If the application cannot store the key and drops this, a reload
/// first asks the user to wait. After the client's timeout plus 40 seconds, it says that the outcome is unknown, and
/// which key to delete. So if storing takes longer, the user may delete a key that is stored after all.
#[must_use = "store the key, which exists only here"]
pub struct Connected {
    pub(crate) settings: Arc<Settings>,
    pub(crate) claimant: Claimant,
    pub(crate) attempt_id: String,
    pub(crate) grant: ApiKeyGrant,
    pub(crate) return_to: ReturnTo,
    pub(crate) data: Vec<u8>,
}

impl Connected {
    /// Returns the key. It belongs to the [`Subject`](crate::Subject) that was passed to
    /// [`finish`](crate::Callback::finish).
    pub fn key(&self) -> &ApiKey {
        &self.grant.key
    }

    /// Returns OpenRouter's ID of the user who approved the key, who may be another person than the local user.
    pub fn user_id(&self) -> Option<Unverified<&str>> {
        self.grant.user_id.as_deref().map(Unverified::new)
    }

    /// Returns the data that was passed to [`begin`](crate::SignIn::begin).
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Returns the path and query of the page to return to.
    pub fn return_to(&self) -> &str {
        self.return_to.as_str()
    }

    /// Records that the sign-in is finished, which takes at most 5 s, and returns the response: a redirect to the page to
    /// return to. The response also replaces the cookie, so that a user who goes back sees that the sign-in has ended.
    ///
    /// Store the key, or its sealed text, before you call this. It consumes the value, so the key cannot be read from it
    /// afterward:
    ///
    /// ```compile_fail,E0382
    /// async fn too_late(connected: openrouter_oauth_web::Connected) {
    ///     let response = connected.done().await;
    ///     println!("{:?}", connected.key());
    /// }
    /// ```
    pub async fn done(self) -> Response<String> {
        self.claimant.settle().await;
        let mut response = response::redirect(&self.settings.url_of(&self.return_to));
        let cookie = AttemptId::parse(&self.attempt_id).and_then(|attempt| {
            let ended = ended_cookie(&self.settings, attempt, FinalOutcome::AlreadyUsed, &self.return_to);
            // Without random bytes, the cookie at least goes.
            ended.or_else(|_| self.settings.jar.expire(attempt)).ok()
        });
        response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
        response
    }
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connected").field("key", &self.grant.key).finish_non_exhaustive()
    }
}
