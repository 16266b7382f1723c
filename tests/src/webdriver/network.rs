//! The responses that the browser received, from Chromium's network log.
//!
//! `DevTools` would report them sooner, but not all of them: it misses the first request of a new frame.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde_json::Value;

use crate::Result;

/// A response as it arrived, even if the browser hid it from the page.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReceivedResponse {
    /// The request's method.
    pub method: String,
    /// The request's URL.
    pub url: String,
    /// The status.
    pub status: u16,
    /// The headers, with names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The request's headers, with names in lower case.
    pub request_headers: BTreeMap<String, String>,
}

/// Returns the responses in a complete log, in order.
pub(super) fn responses(log: &Path) -> Result<Vec<ReceivedResponse>> {
    let log: Value = serde_json::from_slice(&std::fs::read(log)?)?;
    let kind = |name: &str| {
        let number = &log["constants"]["logEventTypes"][name];
        number.as_u64().ok_or_else(|| format!("the network log does not define {name}"))
    };
    let (started, sent, responded) = (
        kind("URL_REQUEST_START_JOB")?,
        kind("HTTP_TRANSACTION_SEND_REQUEST_HEADERS")?,
        kind("HTTP_TRANSACTION_READ_RESPONSE_HEADERS")?,
    );
    let mut requests = HashMap::new();
    let mut request_headers = HashMap::new();
    let mut responses = Vec::new();
    for event in log["events"].as_array().ok_or("the network log has no events")? {
        let (request, params) = (event["source"]["id"].as_u64(), &event["params"]);
        let is = |kind: u64| event["type"].as_u64() == Some(kind);
        // A redirected request starts again.
        if let (true, Some(method), Some(url)) =
            (is(started), params["method"].as_str(), params["url"].as_str())
        {
            requests.insert(request, (method, url));
        } else if is(sent) {
            request_headers.insert(request, headers(&lines(params)));
        } else if let (true, Some((method, url))) = (is(responded), requests.get(&request)) {
            let request_headers = request_headers.get(&request).cloned().unwrap_or_default();
            responses.push(ReceivedResponse::read(method, url, request_headers, &lines(params))?);
        }
    }
    Ok(responses)
}

/// Returns the lines of a head.
fn lines(params: &Value) -> Vec<&str> {
    params["headers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Joins the values of a repeated header with a line break.
fn headers(lines: &[&str]) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in lines.iter().filter_map(|line| line.split_once(": ")) {
        let values = headers.entry(name.to_lowercase()).or_default();
        if !values.is_empty() {
            values.push('\n');
        }
        values.push_str(value);
    }
    headers
}

impl ReceivedResponse {
    fn read(
        method: &str,
        url: &str,
        request_headers: BTreeMap<String, String>,
        head: &[&str],
    ) -> Result<Self> {
        let [line, lines @ ..] = head else {
            return Err(format!("a response from {url} has no head").into());
        };
        let status = line.split(' ').nth(1).unwrap_or_default().parse()?;
        let (method, url) = (method.to_owned(), url.to_owned());
        Ok(Self { method, url, status, headers: headers(lines), request_headers })
    }

    /// Returns whether the response came from this port, under any host name.
    pub fn is_from(&self, port: &str) -> bool {
        let authority = self.url.split('/').nth(2).unwrap_or_default();
        authority.rsplit_once(':').is_some_and(|(_, from)| from == port)
    }
}
