//! The error of an invalid setting.

use std::fmt;

use openrouter_oauth_transport::BoxError;

/// The error of [`Builder::build`](crate::Builder::build): a root certificate, a client certificate or its key, the URL
/// of a proxy, or the host for plain `http` is invalid.
#[derive(Debug)]
pub struct BuildError {
    setting: Setting,
    source: BoxError,
}

impl BuildError {
    pub(crate) fn new(setting: Setting, source: impl Into<BoxError>) -> Self {
        Self { setting, source: source.into() }
    }
}

/// A setting that can be invalid.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Setting {
    Root,
    ClientCertificate,
    Proxy,
    HttpHost,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.setting {
            Setting::Root => "invalid root certificate",
            Setting::ClientCertificate => "invalid client certificate or key",
            Setting::Proxy => "invalid proxy URL",
            Setting::HttpHost => "invalid host for plain http",
        })
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}
