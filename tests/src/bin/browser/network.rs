//! The responses that the browser received, from Chromium's network log.
//!
//! `DevTools` would report them sooner, but not all of them: it misses the first request of a new frame.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use openrouter_oauth_tests::Result;
use serde_json::Value;

/// A response as it arrived, even if the browser hid it from the page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ReceivedResponse {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

/// Returns the responses in a complete log, in order.
pub(crate) fn responses(log: &Path) -> Result<Vec<ReceivedResponse>> {
    let log: Value = serde_json::from_slice(&std::fs::read(log)?)?;
    let kind = |name: &str| {
        let number = &log["constants"]["logEventTypes"][name];
        number.as_u64().ok_or_else(|| format!("the network log does not define {name}"))
    };
    let (started, responded) =
        (kind("URL_REQUEST_START_JOB")?, kind("HTTP_TRANSACTION_READ_RESPONSE_HEADERS")?);
    let mut requests = HashMap::new();
    let mut responses = Vec::new();
    for event in log["events"].as_array().ok_or("the network log has no events")? {
        let (request, params) = (event["source"]["id"].as_u64(), &event["params"]);
        let is = |kind: u64| event["type"].as_u64() == Some(kind);
        // A redirected request starts again.
        if let (true, Some(method), Some(url)) =
            (is(started), params["method"].as_str(), params["url"].as_str())
        {
            requests.insert(request, (method, url));
        } else if let (true, Some((method, url))) = (is(responded), requests.get(&request)) {
            let head: Vec<_> =
                params["headers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            responses.push(ReceivedResponse::read(method, url, &head)?);
        }
    }
    Ok(responses)
}

impl ReceivedResponse {
    fn read(method: &str, url: &str, head: &[&str]) -> Result<Self> {
        let [line, headers @ ..] = head else {
            return Err(format!("a response from {url} has no head").into());
        };
        let status = line.split(' ').nth(1).unwrap_or_default().parse()?;
        let headers = headers.iter().filter_map(|header| header.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Ok(Self { method: method.to_owned(), url: url.to_owned(), status, headers })
    }

    /// Returns whether the response came from this port, under any host name.
    pub(crate) fn is_from(&self, port: &str) -> bool {
        let authority = self.url.split('/').nth(2).unwrap_or_default();
        authority.rsplit_once(':').is_some_and(|(_, from)| from == port)
    }
}
