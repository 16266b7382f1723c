//! The log of requests, without secrets.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

use crate::http::route::Route;

/// A request that the emulator received, without its secrets.
///
/// An entry shows no query, code, verifier, key, token, or `Authorization` header, and is smaller than 24 KiB.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// The method.
    pub method: String,
    /// The path without the query. It is `[not served]` for an unknown path, which might contain a code.
    pub path: String,
    /// The status of the response, or `None` if a fault broke the connection.
    pub status: Option<u16>,
    /// The first 64 headers, with lowercase names. `[redacted]` replaces names of more than 64 bytes, and the values
    /// of all but a few harmless headers. `http-referer` shows only the origin.
    pub headers: Vec<(String, String)>,
    /// The size of the body and the names of known fields, never a value.
    pub body: String,
}

/// The last requests, and the number of requests by route and method.
#[derive(Default)]
pub(crate) struct Log {
    entries: VecDeque<LogEntry>,
    counts: Vec<(Route, Method, usize)>,
}

impl Log {
    /// The largest number of entries. When there are more, the oldest is dropped.
    pub(crate) const LIMIT: usize = 1024;

    pub(crate) fn push(&mut self, entry: LogEntry) {
        if self.entries.len() == Self::LIMIT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// Counts a request for a known path. Requests with nonstandard methods are not counted, which bounds the number of
    /// counters.
    pub(crate) fn count_request(&mut self, route: Route, method: &Method) {
        let counter = self.counts.iter_mut().find(|(counted, with, _)| *counted == route && with == method);
        match counter {
            Some((_, _, count)) => *count += 1,
            None if is_standard(method) => self.counts.push((route, method.clone(), 1)),
            None => {}
        }
    }

    /// Returns the number of requests for `path` with `method`, or with any method.
    pub(crate) fn count(&self, path: &str, method: Option<&Method>) -> usize {
        self.counts
            .iter()
            .filter(|(route, counted, _)| {
                route.matches(path) && method.is_none_or(|method| method == counted)
            })
            .map(|(_, _, count)| count)
            .sum()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &LogEntry> {
        self.entries.iter()
    }
}

impl LogEntry {
    pub(crate) fn new(route: Option<Route>, request: &Request<Bytes>, status: Option<u16>) -> Self {
        let method = request.method();
        Self {
            method: if is_standard(method) { method.as_str() } else { REDACTED }.to_owned(),
            path: route.map_or(NOT_SERVED, Route::path).to_owned(),
            status,
            headers: describe_headers(request.headers()),
            body: describe_body(request),
        }
    }
}

const REDACTED: &str = "[redacted]";
const NOT_SERVED: &str = "[not served]";

/// Headers whose values are shown. Others may carry a secret (`authorization`, `cookie`, `referer`).
const SHOWN_HEADERS: [&str; 10] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "user-agent",
    "x-openrouter-categories",
    "x-openrouter-title",
    "x-title",
];

/// Fields whose names are shown. Another name may be a secret of a client that built its body incorrectly.
const SHOWN_FIELDS: [&str; 21] = [
    "callback_url",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "decision",
    "expires_at",
    "federation_policy_id",
    "grant_type",
    "key_label",
    "limit",
    "requested_token_type",
    "required_workspace_id",
    "scope",
    "spawn_agent",
    "spawn_cloud",
    "state",
    "subject_token",
    "subject_token_type",
    "usage_limit_type",
    "workspace_id",
];

fn is_standard(method: &Method) -> bool {
    [Method::GET, Method::POST, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        .contains(method)
}

fn describe_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let describe = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = describe_value(name, value).unwrap_or_else(|| REDACTED.to_owned());
        let name = if name.as_str().len() <= 64 { name.as_str() } else { REDACTED };
        (name.to_owned(), value)
    };
    headers.iter().take(64).map(describe).collect()
}

/// Returns the part of a value that may be shown.
fn describe_value(name: &HeaderName, value: &HeaderValue) -> Option<String> {
    let value = value.to_str().ok().filter(|value| value.len() <= 256)?;
    if name == "http-referer" {
        return origin(value);
    }
    SHOWN_HEADERS.contains(&name.as_str()).then(|| value.to_owned())
}

/// Returns the origin of a URL, without a path, query, or password.
fn origin(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let host = url.authority()?.as_str().rsplit('@').next()?;
    Some(format!("{}://{host}", url.scheme_str()?))
}

fn describe_body(request: &Request<Bytes>) -> String {
    let body = request.body();
    if body.is_empty() {
        return "empty".to_owned();
    }
    let names: Vec<String> = if let Ok(serde_json::Value::Object(object)) = serde_json::from_slice(body) {
        object.into_iter().map(|(name, _)| name).collect()
    } else {
        form_urlencoded::parse(body).map(|(name, _)| name.into_owned()).collect()
    };
    let shown: Vec<&str> = names
        .iter()
        .take(32)
        .map(|name| if SHOWN_FIELDS.contains(&name.as_str()) { name } else { REDACTED })
        .collect();
    format!("{} bytes: {}", body.len(), shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_shows_no_secret() {
        let request = Request::post("/api/v1/auth/keys?code=CANARY")
            .header("authorization", "Bearer CANARY")
            .header("cookie", "CANARY")
            .header("x-anything", "CANARY")
            .header("user-agent", "shown")
            .body(Bytes::from_static(br#"{"code":"CANARY","code_verifier":"CANARY","CANARY":1}"#))
            .unwrap();
        let entry = LogEntry::new(Route::from_path(request.uri().path()), &request, Some(200));
        assert_eq!(entry.path, "/api/v1/auth/keys");
        assert_eq!(entry.body, "53 bytes: [redacted], code, code_verifier");
        assert!(entry.headers.contains(&("user-agent".to_owned(), "shown".to_owned())));
        assert!(!format!("{entry:?}").contains("CANARY"));
    }

    #[test]
    fn misplaced_code_is_redacted() {
        let request = Request::post("/callback/CANARY")
            .header("http-referer", "https://CANARY@my.app:8443/CANARY?code=CANARY#CANARY")
            .header("x-".repeat(33), "CANARY")
            .body(Bytes::from_static(b"canary_in_lower_case"))
            .unwrap();
        let entry = LogEntry::new(None, &request, Some(404));
        assert_eq!(entry.path, "[not served]");
        assert_eq!(entry.body, "20 bytes: [redacted]");
        assert!(entry.headers.contains(&("http-referer".to_owned(), "https://my.app:8443".to_owned())));
        assert!(entry.headers.contains(&("[redacted]".to_owned(), "[redacted]".to_owned())));
        assert!(!format!("{entry:?}").contains("CANARY"));
    }

    #[test]
    fn number_of_entries_is_bounded() {
        let mut log = Log::default();
        let request = Request::get("/").body(Bytes::new()).unwrap();
        for _ in 0..Log::LIMIT + 5 {
            log.push(LogEntry::new(None, &request, None));
        }
        assert_eq!(log.entries().count(), Log::LIMIT);
    }
}
