//! Begins a sign-in: the URL for the user and what is kept to finish it.

use std::{fmt, sync::Arc};

use form_urlencoded::Serializer;
use openrouter_oauth_models::{CallbackUrl, CreditLimit, InvalidValue, KeyLabel, State, WorkspaceId};
use zeroize::Zeroizing;

use super::{
    callback::{Callback, RESERVED_PARAMETERS},
    pending::{HeadlessSignIn, PendingSignIn},
    pending_exchange::PendingExchange,
    pkce::Pkce,
};
use crate::{
    config::Config,
    entropy::{Entropy, random_text},
    error::Error,
};

/// A sign-in that is about to begin: `Authorize<CallbackUrl>` comes back to a callback, `Authorize<NoCallback>` shows a code.
///
/// ```
/// # use openrouter_oauth::transport::testing::{ManualTimer, Never};
/// # fn main() -> Result<(), openrouter_oauth::Error> {
/// # let client = openrouter_oauth::Client::builder().transport(Never::new()).timer(ManualTimer::new()).build()?;
/// // Without a callback: the page shows the user a code to copy.
/// let (url, headless) = client.authorize_headless().key_label("my-cli on my-host").limit(5).begin()?;
/// println!("open {url} and paste the code here");
/// let code = headless.read_pasted(" auth_code_abc123 \n")?;
/// # Ok(())
/// # }
/// ```
#[must_use = "`begin` makes the URL"]
pub struct Authorize<C> {
    config: Arc<Config>,
    callback: Result<C, InvalidValue>,
    key_label: Option<KeyLabel>,
    limit: Option<CreditLimit>,
    workspace_id: Option<WorkspaceId>,
    required_workspace_id: Option<WorkspaceId>,
    /// The first invalid setting; `begin` reports it.
    invalid: Option<InvalidValue>,
}

/// Says of an [`Authorize`] that it has no callback URL.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct NoCallback;

/// The URL to send the user to.
///
/// It is meant to be shown, with `Display`, to the user alone: it holds the `state` and the attempt ID.
/// `Debug` leaves the query out. Where the URL goes through a shell, quote it.
#[derive(Clone, Eq, PartialEq)]
pub struct AuthorizeUrl(Zeroizing<String>);

impl<C> Authorize<C> {
    pub(crate) fn new(config: Arc<Config>, callback: Result<C, InvalidValue>) -> Self {
        Self {
            config,
            callback,
            key_label: None,
            limit: None,
            workspace_id: None,
            required_workspace_id: None,
            invalid: None,
        }
    }

    /// Names the key. Without a name the user's list shows the app's, which for a program on the user's machine is
    /// `host:port`.
    pub fn key_label<L>(mut self, label: L) -> Self
    where
        L: TryInto<KeyLabel>,
        L::Error: Into<InvalidValue>,
    {
        self.key_label = checked(label.try_into(), &mut self.invalid);
        self
    }

    /// Proposes what the key may spend, in US dollars. OpenRouter's own helper sends this; what the page does with it is
    /// not documented.
    pub fn limit<L>(mut self, limit: L) -> Self
    where
        L: TryInto<CreditLimit>,
        L::Error: Into<InvalidValue>,
    {
        self.limit = checked(limit.try_into(), &mut self.invalid);
        self
    }

    /// Proposes the workspace that the key belongs to.
    pub fn workspace_id<W>(mut self, workspace: W) -> Self
    where
        W: TryInto<WorkspaceId>,
        W::Error: Into<InvalidValue>,
    {
        self.workspace_id = checked(workspace.try_into(), &mut self.invalid);
        self
    }

    /// Allows only this workspace.
    pub fn required_workspace_id<W>(mut self, workspace: W) -> Self
    where
        W: TryInto<WorkspaceId>,
        W::Error: Into<InvalidValue>,
    {
        self.required_workspace_id = checked(workspace.try_into(), &mut self.invalid);
        self
    }

    fn check(&self) -> Result<(), InvalidValue> {
        self.invalid.map_or(Ok(()), Err)
    }

    /// Writes the URL, and keeps what the exchange needs.
    fn write(self, callback: Option<&Callback>) -> Result<(AuthorizeUrl, PendingExchange), Error> {
        let (verifier, challenge) = Pkce::generate_from(&*self.config.entropy)?.into_parts();
        let origin = self.config.base_url.origin().clone();
        let mut query = Serializer::new(String::with_capacity(QUERY_BYTES));
        // PKCE first: a shell that cuts the URL at its first `&` must not silently lose it.
        query.append_pair("code_challenge", challenge.as_str());
        query.append_pair("code_challenge_method", Pkce::METHOD.as_str());
        let mut append = |name, value: Option<&str>| {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        };
        append("callback_url", callback.map(|callback| callback.url.as_str()));
        append("state", callback.map(|callback| callback.state.expose()));
        append("key_label", self.key_label.as_ref().map(KeyLabel::as_str));
        append("limit", self.limit.map(|limit| limit.to_string()).as_deref());
        append("workspace_id", self.workspace_id.as_ref().map(WorkspaceId::as_str));
        append("required_workspace_id", self.required_workspace_id.as_ref().map(WorkspaceId::as_str));
        let query = Zeroizing::new(query.finish());

        let url = AuthorizeUrl(Zeroizing::new(format!("{origin}/auth?{}", *query)));
        Ok((url, PendingExchange::new(origin, self.key_label, verifier)))
    }
}

impl Authorize<CallbackUrl> {
    /// Writes the URL for the user, and returns it with what finishes the sign-in. Each call uses fresh random values.
    ///
    /// # Errors
    ///
    /// * [`Error::Invalid`] if a setting is not valid, or if the callback URL has a parameter `code`, `state`, `error` or
    ///   `error_description` of its own;
    /// * [`Error::Randomness`] if the random generator fails.
    pub fn begin(self) -> Result<(AuthorizeUrl, PendingSignIn), Error> {
        let url = self.callback.as_ref().map_err(|invalid| *invalid)?;
        self.check()?;
        let entropy = &*self.config.entropy;
        let callback = Callback {
            url: with_attempt_id(url, entropy)?,
            state: State::parse(&random_text::<16>(entropy)?)?,
        };
        let (url, exchange) = self.write(Some(&callback))?;
        Ok((url, PendingSignIn::new(callback, exchange)))
    }
}

impl Authorize<NoCallback> {
    /// Writes the URL for the user, and returns it with what finishes the sign-in. Each call uses fresh random values.
    ///
    /// # Errors
    ///
    /// * [`Error::Invalid`] if a setting is not valid;
    /// * [`Error::Randomness`] if the random generator fails.
    pub fn begin(self) -> Result<(AuthorizeUrl, HeadlessSignIn), Error> {
        self.check()?;
        let (url, exchange) = self.write(None)?;
        Ok((url, HeadlessSignIn::new(exchange)))
    }
}

/// More than most queries have, so that the buffer does not move and leave a copy of the attempt ID behind.
const QUERY_BYTES: usize = 4096;

/// The value; if it is invalid, none, and `invalid` keeps the first problem.
fn checked<T, E: Into<InvalidValue>>(value: Result<T, E>, invalid: &mut Option<InvalidValue>) -> Option<T> {
    value.map_err(|error| invalid.get_or_insert(error.into())).ok()
}

/// Puts the attempt ID, a segment of 128 random bits, at the end of the callback's path.
fn with_attempt_id(callback: &CallbackUrl, entropy: &dyn Entropy) -> Result<CallbackUrl, Error> {
    let (place, query) = (callback.url().without_query(), callback.url().query());
    let has_reserved = |query: &str| {
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| RESERVED_PARAMETERS.contains(&&*name))
    };
    if query.is_some_and(has_reserved) {
        let problem = "may not have a parameter code, state, error or error_description of its own";
        return Err(InvalidValue::new("callback URL", problem).into());
    }
    let attempt_id = random_text::<16>(entropy)?;
    let mut url = Zeroizing::new([place.trim_end_matches('/'), "/", &attempt_id].concat());
    if let Some(query) = query {
        url.push('?');
        url.push_str(query);
    }
    Ok(CallbackUrl::parse(&url)?)
}

impl<C> fmt::Debug for Authorize<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorize").field("key_label", &self.key_label).finish_non_exhaustive()
    }
}

impl AuthorizeUrl {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AuthorizeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AuthorizeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.0.split('?').next().unwrap_or_default();
        write!(f, "AuthorizeUrl({place}?[redacted])")
    }
}
