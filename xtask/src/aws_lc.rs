//! Options that keep cargo from compiling the C code of aws-lc, which takes minutes.

/// Leaves out the package whose default features compile it.
pub(crate) const EXCEPT_REQWEST: &str = "--exclude=openrouter-oauth-transport-reqwest";

/// The other features of that package. They need `--no-default-features`.
pub(crate) const FEATURES_WITHOUT_AWS_LC: &str = "--features=http2,rustls-no-provider,socks";

/// Selects that package, with its other features.
pub(crate) const REQWEST_WITHOUT_AWS_LC: &[&str] =
    &["--package=openrouter-oauth-transport-reqwest", "--no-default-features", FEATURES_WITHOUT_AWS_LC];
