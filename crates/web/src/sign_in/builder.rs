//! The builder of a sign-in.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use openrouter_oauth::{CallbackUrl, Client, CreditLimit, InvalidValue, KeyLabel, Origin, WorkspaceId};

use super::error::BuildError;
use crate::{
    claims::erased::ErasedClaims,
    cookie::jar::Jar,
    keys::CookieKeys,
    page::Page,
    permits::Permits,
    response::content_security_policy,
    settings::{Clock, Pages, Proposal, Settings},
};

/// The settings of a [`SignIn`](crate::SignIn) that is not built yet.
#[must_use = "call `build` to get the sign-in"]
pub struct SignInBuilder {
    client: Client,
    origin: Result<Origin, InvalidValue>,
    keys: CookieKeys,
    claims: Box<dyn ErasedClaims>,
    mount: String,
    proposal: Proposal,
    lifetime: Duration,
    max_exchanges: usize,
    pages: Option<Pages>,
    clock: Option<Clock>,
    invalid: Vec<InvalidValue>,
}

impl SignInBuilder {
    pub(super) fn new(
        client: Client,
        origin: Result<Origin, InvalidValue>,
        keys: CookieKeys,
        claims: Box<dyn ErasedClaims>,
    ) -> Self {
        Self {
            client,
            origin,
            keys,
            claims,
            mount: "/openrouter".into(),
            proposal: Proposal::default(),
            lifetime: Duration::from_secs(60 * 60),
            max_exchanges: 256,
            pages: None,
            clock: None,
            invalid: Vec::new(),
        }
    }

    /// Sets the path under which the sign-in lives, as the browser sees it, `/openrouter` by default: at most 128 bytes, in
    /// segments of the characters `A-Z a-z 0-9 - . _ ~`. It includes any prefix that a proxy or a nested router strips.
    pub fn mount(mut self, path: impl Into<String>) -> Self {
        self.mount = path.into();
        self
    }

    /// Sets the label of the keys, their name in the user's list of keys. Without one, a user cannot tell which key to
    /// delete after an unknown outcome.
    pub fn key_label<L>(mut self, label: L) -> Self
    where
        L: TryInto<KeyLabel>,
        L::Error: Into<InvalidValue>,
    {
        self.proposal.key_label = checked(label.try_into(), &mut self.invalid);
        self
    }

    /// Proposes a credit limit for the keys, in US dollars. See
    /// [`Authorize::limit`](openrouter_oauth::Authorize::limit).
    pub fn limit<L>(mut self, limit: L) -> Self
    where
        L: TryInto<CreditLimit>,
        L::Error: Into<InvalidValue>,
    {
        self.proposal.limit = checked(limit.try_into(), &mut self.invalid);
        self
    }

    /// Proposes a workspace for the keys.
    pub fn workspace_id<W>(mut self, workspace: W) -> Self
    where
        W: TryInto<WorkspaceId>,
        W::Error: Into<InvalidValue>,
    {
        self.proposal.workspace_id = checked(workspace.try_into(), &mut self.invalid);
        self
    }

    /// Allows only this workspace.
    pub fn required_workspace_id<W>(mut self, workspace: W) -> Self
    where
        W: TryInto<WorkspaceId>,
        W::Error: Into<InvalidValue>,
    {
        self.proposal.required_workspace_id = checked(workspace.try_into(), &mut self.invalid);
        self
    }

    /// Sets how long an attempt lives, 60 minutes by default: 1 minute to 24 hours. New users register and pay before
    /// they approve.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Sets how many exchanges run at once in this process, 256 by default, at least 1. Further callbacks get the page
    /// "Please try again", and their attempts stay open. The same number may wait for another request with the
    /// same code.
    pub fn max_exchanges(mut self, max_exchanges: usize) -> Self {
        self.max_exchanges = max_exchanges;
        self
    }

    /// Replaces the HTML of every page. See [`Page`]. The pages may then use styles, fonts, and images of the
    /// application's own origin, and inline styles, but no script.
    pub fn pages(mut self, render: impl Fn(&Page<'_>) -> String + Send + Sync + 'static) -> Self {
        self.pages = Some(Box::new(render));
        self
    }

    /// Sets the wall clock that measures the age of attempts. By default, it is the client's.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    pub(super) fn into_settings(self) -> Result<Settings, BuildError> {
        let mut problems = self.problems();
        let callback_url = keep(self.callback_url(), &mut problems);
        let timer = self.client.timer().cloned();
        let timer = keep(timer.ok_or(InvalidValue::new("client", "has no timer: set one")), &mut problems);
        let origin = keep(self.origin, &mut problems);
        let (Some(origin), Some(callback_url), Some(timer), true) =
            (origin, callback_url, timer, problems.is_empty())
        else {
            return Err(BuildError::new(problems));
        };
        let service = self.client.origin().clone();
        let content_security_policy = content_security_policy(&service, self.pages.is_some());
        let entropy = self.client.entropy().clone();
        let jar = Jar::new(self.keys, origin, self.mount.into(), service, self.lifetime, entropy);
        Ok(Settings {
            client: self.client.without_resending_unknown(),
            timer,
            clock: self.clock,
            jar,
            callback_url,
            proposal: self.proposal,
            claims: self.claims,
            exchanges: Permits::new(self.max_exchanges),
            waiting: Permits::new(self.max_exchanges),
            pages: self.pages,
            content_security_policy,
        })
    }

    /// Returns the callback URL without the ID of an attempt. An origin or a mount that is a problem of its own is left out.
    fn callback_url(&self) -> Result<CallbackUrl, InvalidValue> {
        let origin = self.origin.as_ref().map_or("https://invalid.example", Origin::as_str);
        let mount = if is_mount(&self.mount) { &self.mount } else { "/openrouter" };
        let url = CallbackUrl::parse(&[origin, mount, "/callback"].concat());
        url.map_err(|_| InvalidValue::new("origin", "must be https, or http on localhost or 127.0.0.1"))
    }

    fn problems(&self) -> Vec<InvalidValue> {
        let keys = self.keys.ring();
        let checks = [
            (keys.has_weak_key(), "cookie keys", "must be 32 random bytes each, not one repeated byte"),
            (keys.has_repeated_key(), "cookie keys", "must differ from each other"),
            (
                !is_mount(&self.mount),
                "mount",
                "must be a path of at most 128 bytes, such as /openrouter: segments of `A-Z a-z 0-9 - . _ ~`, \
                 without a slash at the end",
            ),
            (!LIFETIMES.contains(&self.lifetime), "lifetime", "must be 1 minute to 24 hours"),
            (self.max_exchanges == 0, "number of exchanges", "must not be 0"),
        ];
        let found = checks.into_iter().filter(|(is_wrong, ..)| *is_wrong);
        let found = found.map(|(_, what, problem)| InvalidValue::new(what, problem));
        found.chain(self.invalid.iter().copied()).collect()
    }
}

const LIFETIMES: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(24 * 60 * 60);

const MAX_MOUNT: usize = 128;

fn is_mount(path: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(is_allowed);
    path.len() <= MAX_MOUNT && path.strip_prefix('/').is_some_and(|path| path.split('/').all(is_segment))
}

fn checked<T, E: Into<InvalidValue>>(value: Result<T, E>, problems: &mut Vec<InvalidValue>) -> Option<T> {
    keep(value.map_err(Into::into), problems)
}

fn keep<T>(value: Result<T, InvalidValue>, problems: &mut Vec<InvalidValue>) -> Option<T> {
    value.map_err(|problem| problems.push(problem)).ok()
}

/// Omits the settings, which are not validated yet.
impl fmt::Debug for SignInBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInBuilder").finish_non_exhaustive()
    }
}
