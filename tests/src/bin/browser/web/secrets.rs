//! The secrets that browsers saw.

use std::collections::{BTreeMap, BTreeSet};

use openrouter_oauth_tests::{query, webdriver::ReceivedResponse};

/// Secrets, and what each is: `code`, `state`, `attempt` or `session`.
#[derive(Default)]
pub(crate) struct Secrets(BTreeSet<(&'static str, String)>);

impl Secrets {
    /// Adds the code and the state of a callback.
    pub(crate) fn add_callback(&mut self, url: &str) {
        let found = query::parameters(url);
        for kind in ["code", "state"] {
            let values = found.iter().filter(|(name, _)| name == kind);
            self.0.extend(values.map(|(_, value)| (kind, value.clone())));
        }
    }

    /// Adds the secrets of a request and its response.
    pub(crate) fn add(&mut self, response: &ReceivedResponse) {
        self.add_callback(&response.url);
        let header =
            |headers: &BTreeMap<String, String>, name| headers.get(name).cloned().unwrap_or_default();
        let sent = header(&response.request_headers, "cookie");
        let stored = header(&response.headers, "set-cookie");
        let stored = stored.lines().filter_map(|cookie| cookie.split(';').next());
        for (name, value) in sent.split("; ").chain(stored).filter_map(|cookie| cookie.split_once('=')) {
            let kind = ["attempt", "session"].into_iter().find(|kind| is_of(kind, name));
            self.0.extend(kind.filter(|_| value.len() >= MIN_COOKIE).map(|kind| (kind, value.to_owned())));
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(&'static str, String)> {
        self.0.iter()
    }
}

fn is_of(kind: &str, cookie: &str) -> bool {
    if kind == "attempt" { cookie.contains("openrouter-") } else { cookie.ends_with("session") }
}

/// Shorter values are of cookies that were removed, or that another server set.
const MIN_COOKIE: usize = 16;
