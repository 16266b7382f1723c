//! The credential of a client.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::HeaderValue;
use openrouter_oauth_models::{AccessToken, ApiKey, InvalidValue};
use openrouter_oauth_transport::BoxError;
use zeroize::Zeroizing;

use crate::{base_url::BaseUrl, error::Error};

type KeyFuture = Pin<Box<dyn Future<Output = Result<ApiKey, BoxError>> + Send>>;

/// The credential that a client authenticates with.
#[derive(Clone, Default)]
pub(crate) enum Credential {
    #[default]
    None,
    Value(ApiKey),
    /// The key in `OPENROUTER_API_KEY`, which may be a real one, whatever the base URL is.
    Environment(ApiKey),
    Token(AccessToken),
    /// A source of the key, called once for each API call that needs one.
    Closure(Arc<dyn Fn() -> KeyFuture + Send + Sync>),
}

/// The error for a key in the environment that everyone on the way could read.
const EXPOSED: InvalidValue = InvalidValue::new(
    "variable OPENROUTER_API_KEY",
    "may hold a real key, which is never sent over plain http to another host; unset it, or pass a test key with \
     `api_key` after `env`",
);

impl Credential {
    pub(crate) fn closure<F, Fut>(source: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ApiKey, BoxError>> + Send + 'static,
    {
        Self::Closure(Arc::new(move || Box::pin(source())))
    }

    /// Returns the value of the `Authorization` header of a request to `base`.
    pub(crate) async fn authorization(&self, base: &BaseUrl) -> Result<HeaderValue, Error> {
        match self {
            Self::None => Err(Error::MissingKey),
            Self::Environment(_) if base.is_exposed() => Err(EXPOSED.into()),
            Self::Value(key) | Self::Environment(key) => Ok(bearer(key.expose())?),
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
            Self::Environment(_) => "Environment([redacted])",
            Self::Token(_) => "Token([redacted])",
            Self::Closure(_) => "Closure",
        })
    }
}

#[cfg(test)]
mod tests {
    use openrouter_oauth_transport::PlainHttpHost;

    use super::*;

    #[tokio::test]
    async fn key_of_the_environment_is_not_exposed() {
        // C-9
        let host = PlainHttpHost::parse("emulator").unwrap();
        let key = || ApiKey::parse("sk-or-v1-0e6f").unwrap();
        let exposed = BaseUrl::parse("http://emulator", Some(&host)).unwrap();
        let error = Credential::Environment(key()).authorization(&exposed).await.unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains("OPENROUTER_API_KEY") && text.contains("unset it"), "{text}");
        assert!(Credential::Value(key()).authorization(&exposed).await.is_ok());
        for url in ["https://emulator", "http://127.0.0.1", "http://localhost:8080"] {
            let base = BaseUrl::parse(url, Some(&host)).unwrap();
            assert!(Credential::Environment(key()).authorization(&base).await.is_ok(), "{url}");
        }
    }
}
