//! The start of a sign-in: settings, the authorize URL, and the state that the exchange needs.

use std::{fmt, sync::Arc};

use form_urlencoded::byte_serialize;
use openrouter_oauth_models::{CallbackUrl, CreditLimit, InvalidValue, KeyLabel, Origin, State, WorkspaceId};
use zeroize::Zeroizing;

use super::{
    begun_at::BegunAt,
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

/// The settings of a sign-in that has not begun.
///
/// With `Authorize<CallbackUrl>`, OpenRouter redirects the browser to a callback. With `Authorize<NoCallback>`, its
/// page shows the user a code.
///
/// ```
/// # use openrouter_oauth::transport::testing::{ManualTimer, Never};
/// # #[cfg(feature = "getrandom")]
/// # fn main() -> Result<(), openrouter_oauth::Error> {
/// # let client = openrouter_oauth::Client::builder().transport(Never::new()).timer(ManualTimer::new()).build()?;
/// let (url, headless) = client.authorize_headless().key_label("my-cli on my-host").limit(5).begin()?;
/// println!("Open {url} and paste the code here:");
/// let code = headless.read_pasted(" auth_code_abc123 \n")?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "getrandom"))]
/// # fn main() {}
/// ```
#[must_use = "call `begin` to get the URL"]
pub struct Authorize<C> {
    config: Arc<Config>,
    callback: Result<C, InvalidValue>,
    key_label: Option<KeyLabel>,
    limit: Option<CreditLimit>,
    workspace_id: Option<WorkspaceId>,
    required_workspace_id: Option<WorkspaceId>,
    /// The first invalid setting, which `begin` reports.
    invalid: Option<InvalidValue>,
}

/// The marker type of an [`Authorize`] without a callback URL.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct NoCallback;

/// The URL that the user opens to approve the sign-in.
///
/// Show it (`Display`) only to the user, because it contains the `state` and the attempt ID. `Debug` omits the query.
/// Quote the URL if you pass it to a shell.
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

    /// Sets the key's label, its name in the user's list of keys. By default, OpenRouter uses the name of the app, which
    /// is `host:port` for a program on the user's machine.
    pub fn key_label<L>(mut self, label: L) -> Self
    where
        L: TryInto<KeyLabel>,
        L::Error: Into<InvalidValue>,
    {
        self.key_label = checked(label.try_into(), &mut self.invalid);
        self
    }

    /// Proposes a credit limit for the key, in US dollars. OpenRouter's own helper sends this parameter, but its effect
    /// on the page is undocumented.
    pub fn limit<L>(mut self, limit: L) -> Self
    where
        L: TryInto<CreditLimit>,
        L::Error: Into<InvalidValue>,
    {
        self.limit = checked(limit.try_into(), &mut self.invalid);
        self
    }

    /// Proposes a workspace for the key.
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

    /// Returns the authorize URL and the state that the exchange needs.
    fn write(self, callback: Option<&Callback>) -> Result<(AuthorizeUrl, PendingExchange), Error> {
        let (verifier, challenge) = Pkce::generate_from(&*self.config.entropy)?.into_parts();
        let begun_at = BegunAt::new(self.config.system_time());
        let origin = self.config.base_url.origin().clone();
        let limit = self.limit.map(|limit| limit.to_string());
        let parameters = [
            // The challenge comes first, so that PKCE survives a shell that cuts an unquoted URL at its first `&`.
            ("code_challenge", Some(challenge.as_str())),
            ("code_challenge_method", Some(Pkce::METHOD.as_str())),
            ("callback_url", callback.map(|callback| callback.url.as_str())),
            ("state", callback.map(|callback| callback.state.expose())),
            ("key_label", self.key_label.as_ref().map(KeyLabel::as_str)),
            ("limit", limit.as_deref()),
            ("workspace_id", self.workspace_id.as_ref().map(WorkspaceId::as_str)),
            ("required_workspace_id", self.required_workspace_id.as_ref().map(WorkspaceId::as_str)),
        ];
        let url = AuthorizeUrl::write(&origin, &parameters);
        Ok((url, PendingExchange::new(origin, self.key_label, verifier, begun_at)))
    }
}

impl Authorize<CallbackUrl> {
    /// Begins the sign-in. Returns the URL for the user, and the pending sign-in that finishes it. Each sign-in uses
    /// fresh random values.
    ///
    /// # Errors
    ///
    /// * [`Error::Invalid`] if a setting is invalid, or if the callback URL already has a parameter `code`, `state`,
    ///   `error`, or `error_description`.
    /// * [`Error::Randomness`] if the random generator fails.
    pub fn begin(self) -> Result<(AuthorizeUrl, PendingSignIn), Error> {
        let url = self.callback.as_ref().map_err(|invalid| *invalid)?;
        self.check()?;
        let entropy = &*self.config.entropy;
        let callback = Callback {
            url: with_attempt_id(url, entropy)?,
            state: random_text::<16, _>(entropy, State::parse)?,
        };
        let (url, exchange) = self.write(Some(&callback))?;
        Ok((url, PendingSignIn::new(callback, exchange)))
    }
}

impl Authorize<NoCallback> {
    /// Begins the sign-in. Returns the URL for the user, and the pending sign-in that finishes it. Each sign-in uses
    /// fresh random values.
    ///
    /// # Errors
    ///
    /// * [`Error::Invalid`] if a setting is invalid.
    /// * [`Error::Randomness`] if the random generator fails.
    pub fn begin(self) -> Result<(AuthorizeUrl, HeadlessSignIn), Error> {
        self.check()?;
        let (url, exchange) = self.write(None)?;
        Ok((url, HeadlessSignIn::new(exchange)))
    }
}

const AUTHORIZE_PATH: &str = "/auth";

/// Returns the value. If it is invalid, returns `None` and stores the first problem in `invalid`.
fn checked<T, E: Into<InvalidValue>>(value: Result<T, E>, invalid: &mut Option<InvalidValue>) -> Option<T> {
    value.map_err(|error| invalid.get_or_insert(error.into())).ok()
}

/// Appends the attempt ID, a segment of 128 random bits, to the callback's path.
fn with_attempt_id(callback: &CallbackUrl, entropy: &dyn Entropy) -> Result<CallbackUrl, Error> {
    let has_reserved = |query: &str| {
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| RESERVED_PARAMETERS.contains(&&*name))
    };
    if callback.url().query().is_some_and(has_reserved) {
        let problem = "must not contain a parameter code, state, error, or error_description";
        return Err(InvalidValue::new("callback URL", problem).into());
    }
    random_text::<16, _>(entropy, |attempt_id| callback.with_segment(attempt_id))
}

impl<C> fmt::Debug for Authorize<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorize").field("key_label", &self.key_label).finish_non_exhaustive()
    }
}

impl AuthorizeUrl {
    /// Writes the URL with those of `parameters` that have a value.
    fn write(origin: &Origin, parameters: &[(&str, Option<&str>)]) -> Self {
        let given = parameters.iter().filter_map(|&(name, value)| Some((name, value?)));
        // Large enough for values whose bytes are all escaped, because a growing buffer would leave a copy behind.
        let longest =
            given.clone().map(|(name, value)| "&=".len() + name.len() + 3 * value.len()).sum::<usize>();
        let capacity = origin.as_str().len() + AUTHORIZE_PATH.len() + longest;
        let mut url = Zeroizing::new(String::with_capacity(capacity));
        url.push_str(origin.as_str());
        url.push_str(AUTHORIZE_PATH);
        for (index, (name, value)) in given.enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(name);
            url.push('=');
            url.extend(byte_serialize(value.as_bytes()));
        }
        Self(url)
    }

    /// Returns the URL as text.
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
