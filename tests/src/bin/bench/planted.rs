//! Regressions planted into each exchange through the SDK. The check of the limits must find them.

use std::{hint::black_box, sync::LazyLock};

use http::{HeaderMap, HeaderValue, header};

/// Additional work for each exchange.
pub(crate) trait Plant {
    fn run();
}

/// No regression.
pub(crate) struct Nothing;

/// One more allocation.
pub(crate) struct OneAllocation;

/// One more clone of the request's headers.
pub(crate) struct ClonedHeaders;

impl Plant for Nothing {
    fn run() {}
}

impl Plant for OneAllocation {
    fn run() {
        drop(black_box(Box::new(0_u8)));
    }
}

impl Plant for ClonedHeaders {
    fn run() {
        drop(black_box(HEADERS.clone()));
    }
}

/// The headers that the SDK sets.
static HEADERS: LazyLock<HeaderMap> = LazyLock::new(|| {
    let names = [header::USER_AGENT, header::ACCEPT, header::ACCEPT_ENCODING, header::CONTENT_TYPE];
    names.into_iter().map(|name| (name, HeaderValue::from_static("value"))).collect()
});
