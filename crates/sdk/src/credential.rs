//! The credential of a client.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::HeaderValue;
use openrouter_oauth_models::{AccessToken, ApiKey, InvalidValue};
use openrouter_oauth_transport::BoxError;
use zeroize::Zeroizing;

use crate::error::Error;

type KeyFuture = Pin<Box<dyn Future<Output = Result<ApiKey, BoxError>> + Send>>;

/// The credential that a client authenticates with.
#[derive(Clone, Default)]
pub(crate) enum Credential {
    #[default]
    None,
    Value(ApiKey),
    Token(AccessToken),
    /// A source of the key, called once for each API call that needs one.
    Closure(Arc<dyn Fn() -> KeyFuture + Send + Sync>),
}

impl Credential {
    pub(crate) fn closure<F, Fut>(source: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ApiKey, BoxError>> + Send + 'static,
    {
        Self::Closure(Arc::new(move || Box::pin(source())))
    }

    /// Returns the value of the `Authorization` header.
    pub(crate) async fn authorization(&self) -> Result<HeaderValue, Error> {
        match self {
            Self::None => Err(Error::MissingKey),
            Self::Value(key) => Ok(bearer(key.expose())?),
            Self::Token(token) => Ok(bearer(token.expose())?),
            Self::Closure(source) => Ok(bearer(source().await.map_err(Error::KeySource)?.expose())?),
        }
    }
}

/// Returns `Bearer` and the secret (RFC 6750, section 2.1) in memory that is wiped when dropped. The value is marked as
/// sensitive, which hides it from `Debug`.
fn bearer(secret: &str) -> Result<HeaderValue, InvalidValue> {
    let text = Zeroizing::new(["Bearer ", secret].concat().into_bytes());
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text))
        .map_err(|_| InvalidValue::new("API key", "may contain only visible ASCII characters"))?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Value(_) => "Value([redacted])",
            Self::Token(_) => "Token([redacted])",
            Self::Closure(_) => "Closure",
        })
    }
}
