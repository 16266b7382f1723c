//! What the emulator was asked, without secrets.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};

use crate::route::Route;

/// One request the emulator has seen, with everything secret left out.
///
/// It shows no query, no code, no verifier, no key, no token and no `Authorization` header.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// The method.
    pub method: String,
    /// The path, without the query. Long segments of a path that is not served read `[redacted]`.
    pub path: String,
    /// The status of the answer, or `None` if a fault broke the connection instead.
    pub status: Option<u16>,
    /// The headers, names in lower case. Values other than those of a few harmless headers read `[redacted]`.
    pub headers: Vec<(String, String)>,
    /// The size and the field names of the body, never a value.
    pub body: String,
}

/// The last requests, and how many there were of each.
#[derive(Default)]
pub(crate) struct Log {
    entries: VecDeque<LogEntry>,
    counts: Vec<(Route, Method, usize)>,
}

impl Log {
    /// The most entries that are kept; beyond it the oldest is forgotten.
    pub(crate) const LIMIT: usize = 1024;

    pub(crate) fn push(&mut self, entry: LogEntry) {
        if self.entries.len() == Self::LIMIT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// Counts a request for a path that is served; requests for other paths and with made-up methods are not counted,
    /// so the counters stay few.
    pub(crate) fn count(&mut self, route: Route, method: &Method) {
        let counter = self.counts.iter_mut().find(|(counted, with, _)| *counted == route && with == method);
        match counter {
            Some((_, _, count)) => *count += 1,
            None if is_standard(method) => self.counts.push((route, method.clone(), 1)),
            None => {}
        }
    }

    /// How many requests were counted at `path`, of `method` or of any.
    pub(crate) fn counted(&self, path: &str, method: Option<&Method>) -> usize {
        self.counts
            .iter()
            .filter(|(route, counted, _)| route.is_at(path) && method.is_none_or(|method| method == counted))
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
            path: route.map_or_else(|| describe_path(request.uri().path()), |route| route.path().to_owned()),
            status,
            headers: describe_headers(request.headers()),
            body: describe_body(request),
        }
    }
}

const REDACTED: &str = "[redacted]";

/// Headers whose values are shown. All others may carry a secret (`authorization`, `cookie`, `referer`).
const SHOWN: [&str; 11] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "http-referer",
    "user-agent",
    "x-openrouter-categories",
    "x-openrouter-title",
    "x-title",
];

fn is_standard(method: &Method) -> bool {
    [Method::GET, Method::POST, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        .contains(method)
}

fn describe_path(path: &str) -> String {
    let segments: Vec<&str> =
        path.split('/').take(16).map(|segment| if segment.len() > 24 { REDACTED } else { segment }).collect();
    segments.join("/")
}

fn describe_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let describe = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        let shown = SHOWN.contains(&name.as_str()) && value.len() <= 256;
        let value = if shown { value.to_str().unwrap_or(REDACTED) } else { REDACTED };
        (name.as_str().to_owned(), value.to_owned())
    };
    headers.iter().take(64).map(describe).collect()
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
    let shown: Vec<&str> =
        names.iter().take(32).map(|name| if is_field_name(name) { name } else { REDACTED }).collect();
    format!("{} bytes: {}", body.len(), shown.join(", "))
}

/// Whether `name` looks like a field of the API, so that a secret in its place is not shown.
fn is_field_name(name: &str) -> bool {
    (1..=24).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_shows_no_secret() {
        let request = Request::post("/api/v1/auth/keys?code=CANARY")
            .header("authorization", "Bearer CANARY")
            .header("cookie", "CANARY")
            .header("x-anything", "CANARY")
            .header("user-agent", "shown")
            .body(Bytes::from_static(br#"{"code":"CANARY","code_verifier":"CANARY","CANARY":1}"#))
            .unwrap();
        let entry = LogEntry::new(Route::of(request.uri().path()), &request, Some(200));
        assert_eq!(entry.path, "/api/v1/auth/keys");
        assert_eq!(entry.body, "53 bytes: [redacted], code, code_verifier");
        assert!(entry.headers.contains(&("user-agent".to_owned(), "shown".to_owned())));
        assert!(!format!("{entry:?}").contains("CANARY"));
    }

    #[test]
    fn what_is_not_a_form_is_not_shown_as_one() {
        let request = Request::post("/nowhere/CANARY-CANARY-CANARY-CANARY")
            .body(Bytes::from_static(b"sk-or-v1-CANARY"))
            .unwrap();
        let entry = LogEntry::new(None, &request, Some(404));
        assert_eq!(entry.path, "/nowhere/[redacted]");
        assert!(!format!("{entry:?}").contains("CANARY"));
    }

    #[test]
    fn entries_are_bounded() {
        let mut log = Log::default();
        let request = Request::get("/").body(Bytes::new()).unwrap();
        for _ in 0..Log::LIMIT + 5 {
            log.push(LogEntry::new(None, &request, None));
        }
        assert_eq!(log.entries().count(), Log::LIMIT);
    }
}
