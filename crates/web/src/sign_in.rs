//! The sign-in of an application.

pub(crate) mod builder;
pub(crate) mod error;

use std::sync::Arc;

use openrouter_oauth::{Client, InvalidValue, Origin};

use self::{builder::SignInBuilder, error::BuildError};
use crate::{claims::Claims, keys::CookieKeys, settings::Settings};

/// Signs the users of one application in. Create one for the whole application; clones are cheap and share everything.
///
/// See the [crate's documentation](crate) for an example. An adapter for a framework passes every request under the
/// [mount](Self::mount) to [`route`](Self::route).
#[derive(Clone, Debug)]
pub struct SignIn {
    pub(crate) settings: Arc<Settings>,
}

impl SignIn {
    /// Returns a builder.
    ///
    /// * `client` calls OpenRouter. It needs no key. A sign-in ignores its
    ///   [`dangerously_resend_unknown`](openrouter_oauth::Retry::dangerously_resend_unknown).
    /// * `origin` is the application's own, as the browser sees it: `https://my.app`, or `http` on `localhost` or
    ///   `127.0.0.1` for development. The `Host` header and `X-Forwarded-*` are never read.
    /// * `claims` is the store that lets each attempt be exchanged once. All instances must share it.
    pub fn builder<O>(client: Client, origin: O, keys: CookieKeys, claims: impl Claims) -> SignInBuilder
    where
        O: TryInto<Origin>,
        O::Error: Into<InvalidValue>,
    {
        SignInBuilder::new(client, origin.try_into().map_err(Into::into), keys, Box::new(claims))
    }

    /// Returns the path under which the sign-in lives, such as `/openrouter`.
    ///
    /// There are two routes: `GET` and `POST` of the mount itself [begin](Self::begin) a sign-in, and `GET` of
    /// `{mount}/callback/{attempt}` is the [callback](Self::callback).
    pub fn mount(&self) -> &str {
        &self.settings.jar.mount
    }
}

// Not in `builder.rs`, because that file would then import `SignIn` from this one, which is a cycle.
impl SignInBuilder {
    /// Builds the sign-in.
    ///
    /// # Errors
    ///
    /// [`BuildError`] with every problem:
    ///
    /// * The origin is not `https`, or `http` on `localhost` or `127.0.0.1`.
    /// * A key is repeated, or consists of one repeated byte.
    /// * The mount, the label, the limit, a workspace ID, the lifetime, or the number of exchanges is out of bounds.
    /// * The client has no timer.
    pub fn build(self) -> Result<SignIn, BuildError> {
        self.into_settings().map(|settings| SignIn { settings: Arc::new(settings) })
    }
}
