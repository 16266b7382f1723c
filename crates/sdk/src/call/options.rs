//! The options of one call.

use std::{sync::LazyLock, time::Duration};

use http::{HeaderMap, HeaderName, header};
use openrouter_oauth_models::InvalidValue;

use super::retry::Retry;
use crate::base_url::BaseUrl;

/// The settings of one call that differ from the client's.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) deadline: Deadline,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) retry: Option<Retry>,
    pub(crate) base_url: Option<BaseUrl>,
    pub(crate) headers: HeaderMap,
    /// Whether the response keeps its raw body.
    pub(crate) keep_body: bool,
    /// The first invalid option, which `send` reports.
    pub(crate) invalid: Option<InvalidValue>,
}

/// The deadline of a call.
#[derive(Clone, Copy, Default)]
pub(crate) enum Deadline {
    /// After the client's timeout.
    #[default]
    Client,
    After(Duration),
    None,
}

/// The options of a call that uses the client's settings.
pub(crate) static CLIENT_SETTINGS: LazyLock<Options> = LazyLock::new(Options::default);

impl Options {
    pub(crate) fn reject(&mut self, error: InvalidValue) {
        self.invalid.get_or_insert(error);
    }
}

/// Headers that neither callers nor hooks may set, because they carry credentials or describe the body or the
/// connection.
pub(crate) const RESERVED: [HeaderName; 17] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::EXPECT,
    header::HOST,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
