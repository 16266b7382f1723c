//! TLS, set up by the first connection that needs it.

use std::sync::Arc;

use http::Uri;
use hyper::rt::{Read, Write};
use hyper_rustls::{DefaultServerNameResolver, MaybeHttpsStream, ResolveServerName};
use hyper_util::rt::TokioIo;
use openrouter_oauth_transport::{BoxError, ErrorKind};
use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider, sign::SingleCertAndKey};
use tokio::{sync::OnceCell, task::spawn_blocking};
use tokio_rustls::TlsConnector;

use crate::{
    connect_error::ConnectError,
    root_variables::{self, UnusableRoots},
};

/// A function that creates the TLS provider. The process-wide default is never used, because other code may have set
/// it.
pub(crate) type Provider = fn() -> CryptoProvider;

/// The root certificates to trust.
#[derive(Clone, Debug)]
pub(crate) enum Roots {
    /// The roots that the operating system trusts.
    #[cfg(feature = "platform-roots")]
    Platform,
    /// Mozilla's roots.
    #[cfg(feature = "webpki-roots")]
    Webpki,
    /// The caller's own roots.
    Own(RootCertStore),
}

/// The settings for TLS, and the configurations that the first connection creates from them.
pub(crate) struct Tls {
    provider: Option<Provider>,
    roots: Option<Roots>,
    /// The client certificate, for servers that request one.
    identity: Option<Arc<SingleCertAndKey>>,
    configs: OnceCell<Configs>,
}

/// The configurations of rustls.
pub(crate) struct Configs {
    pub(crate) origin: Arc<ClientConfig>,
    /// Without the client certificate, which only the origin may see.
    pub(crate) proxy: Arc<ClientConfig>,
}

impl Tls {
    /// Creates TLS with `provider` and `roots`, or with the defaults of this build.
    pub(crate) fn new(
        provider: Option<Provider>,
        roots: Option<Roots>,
        identity: Option<Arc<SingleCertAndKey>>,
    ) -> Self {
        Self {
            provider: provider.or(DEFAULT_PROVIDER),
            roots: roots.or(DEFAULT_ROOTS),
            identity,
            configs: OnceCell::new(),
        }
    }

    /// Returns the configurations. The first call creates them. If that fails, the next call retries.
    pub(crate) async fn configs(&self) -> Result<&Configs, ConnectError> {
        let configs = self.configs.get_or_try_init(async || {
            let provider =
                self.provider.ok_or("this build has no TLS provider; enable the feature `ring`")?;
            let roots = self.roots.clone();
            let roots =
                roots.ok_or("this build has no root certificates; enable the feature `platform-roots`")?;
            // This reads the system's certificates from files.
            let proxy = spawn_blocking(move || config(provider, roots)).await??;
            let origin = self.with_identity(proxy.clone());
            Ok::<_, BoxError>(Configs { origin: Arc::new(origin), proxy: Arc::new(proxy) })
        });
        configs.await.map_err(|error| ConnectError::new(ErrorKind::Tls, error))
    }

    /// If an environment variable names root certificates that cannot be used, and that explains this error, adds the
    /// variable to it.
    pub(crate) async fn explain(&self, error: ConnectError) -> ConnectError {
        let lacks_roots = error.is_untrusted() || !self.configs.initialized();
        if error.kind() != ErrorKind::Tls || !self.obeys_variables() || !lacks_roots {
            return error;
        }
        match spawn_blocking(root_variables::problem).await {
            Ok(Some(problem)) => error.explained(|source| UnusableRoots { problem, source }),
            _ => error,
        }
    }

    /// Returns whether environment variables can replace the root certificates.
    fn obeys_variables(&self) -> bool {
        match self.roots {
            #[cfg(feature = "platform-roots")]
            Some(Roots::Platform) => {
                cfg!(all(unix, not(target_os = "android"), not(target_vendor = "apple")))
            }
            _ => false,
        }
    }

    fn with_identity(&self, mut config: ClientConfig) -> ClientConfig {
        if let Some(identity) = &self.identity {
            config.client_auth_cert_resolver = Arc::<SingleCertAndKey>::clone(identity);
        }
        config
    }
}

/// Makes a TLS connection to the host of `uri` over `stream`.
pub(crate) async fn handshake<S>(
    config: &Arc<ClientConfig>,
    stream: S,
    uri: &Uri,
) -> Result<MaybeHttpsStream<S>, BoxError>
where
    S: Read + Write + Unpin,
{
    let name = DefaultServerNameResolver::default().resolve(uri)?;
    // Boxed, because it is large.
    let connecting = Box::pin(TlsConnector::from(Arc::clone(config)).connect(name, TokioIo::new(stream)));
    let stream = connecting.await?;
    Ok(MaybeHttpsStream::Https(TokioIo::new(stream)))
}

fn config(provider: Provider, roots: Roots) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = match roots {
        #[cfg(feature = "platform-roots")]
        Roots::Platform => hyper_rustls::ConfigBuilderExt::try_with_platform_verifier(builder)?,
        #[cfg(feature = "webpki-roots")]
        Roots::Webpki => {
            let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
            builder.with_root_certificates(roots.collect::<RootCertStore>())
        }
        Roots::Own(roots) => builder.with_root_certificates(roots),
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // An attacker can replay early data (RFC 8446, appendix E.5).
    config.enable_early_data = false;
    Ok(config)
}

#[cfg(feature = "ring")]
pub(crate) const DEFAULT_PROVIDER: Option<Provider> = Some(rustls::crypto::ring::default_provider);
#[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
pub(crate) const DEFAULT_PROVIDER: Option<Provider> = Some(rustls::crypto::aws_lc_rs::default_provider);
#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
pub(crate) const DEFAULT_PROVIDER: Option<Provider> = None;

#[cfg(feature = "platform-roots")]
const DEFAULT_ROOTS: Option<Roots> = Some(Roots::Platform);
#[cfg(all(feature = "webpki-roots", not(feature = "platform-roots")))]
const DEFAULT_ROOTS: Option<Roots> = Some(Roots::Webpki);
#[cfg(not(any(feature = "platform-roots", feature = "webpki-roots")))]
const DEFAULT_ROOTS: Option<Roots> = None;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_offers_only_http_1_and_no_early_data() {
        // C-18
        let Some(provider) = DEFAULT_PROVIDER else { return };
        let config = config(provider, Roots::Own(RootCertStore::empty())).unwrap();
        assert!(!config.enable_early_data);
        assert_eq!(config.alpn_protocols, [b"http/1.1"]);
    }
}
