//! The client certificate.

use std::{fmt, sync::Arc};

use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};

use crate::{
    build_error::{BuildError, Setting},
    tls::Provider,
};

/// A client certificate and its key.
pub(crate) struct ClientCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientCertificate {
    pub(crate) fn read(chain: &[u8], key: &[u8]) -> Result<Self, &'static str> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or("the PEM text contains no valid certificate")?;
        // The parser's error is dropped, because it may quote its input.
        let key = PrivateKeyDer::from_pem_slice(key);
        let key = key.map_err(|_| "the PEM text contains no valid private key")?;
        Ok(Self { chain, key })
    }

    pub(crate) fn load(self, provider: Provider) -> Result<Arc<SingleCertAndKey>, BuildError> {
        let certified = CertifiedKey::from_der(self.chain, self.key, &provider());
        let certified = certified.map_err(|error| BuildError::new(Setting::ClientCertificate, error))?;
        Ok(Arc::new(SingleCertAndKey::from(certified)))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}
