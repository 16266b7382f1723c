//! What the browser was answered, from the log that Chromium keeps of its network.
//!
//! `DevTools` would say it sooner, and not all of it: of a frame that has just come it does not hear the first request.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde_json::Value;

use crate::Result;

/// An answer as it came over the wire, also one that a page was not let see.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Answer {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

/// Every answer in a log that is complete, in order.
pub(crate) fn answers(log: &Path) -> Result<Vec<Answer>> {
    let log: Value = serde_json::from_slice(&std::fs::read(log)?)?;
    let kind = |name: &str| {
        let number = &log["constants"]["logEventTypes"][name];
        number.as_u64().ok_or_else(|| format!("the network log knows no {name}"))
    };
    let (begun, answered) = (kind("URL_REQUEST_START_JOB")?, kind("HTTP_TRANSACTION_READ_RESPONSE_HEADERS")?);
    let mut requests = HashMap::new();
    let mut answers = Vec::new();
    for event in log["events"].as_array().ok_or("the network log has no events")? {
        let (request, said) = (event["source"]["id"].as_u64(), &event["params"]);
        let is = |kind: u64| event["type"].as_u64() == Some(kind);
        // One that is redirected begins once more.
        if let (true, Some(method), Some(url)) = (is(begun), said["method"].as_str(), said["url"].as_str()) {
            requests.insert(request, (method, url));
        } else if let (true, Some((method, url))) = (is(answered), requests.get(&request)) {
            let head: Vec<_> =
                said["headers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            answers.push(Answer::read(method, url, &head)?);
        }
    }
    Ok(answers)
}

impl Answer {
    fn read(method: &str, url: &str, head: &[&str]) -> Result<Self> {
        let [line, headers @ ..] = head else { return Err(format!("an answer of {url} has no head").into()) };
        let status = line.split(' ').nth(1).unwrap_or_default().parse()?;
        let headers = headers.iter().filter_map(|header| header.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Ok(Self { method: method.to_owned(), url: url.to_owned(), status, headers })
    }

    /// Whether it came from this port, whatever the browser took the host for.
    pub(crate) fn is_from(&self, port: &str) -> bool {
        let authority = self.url.split('/').nth(2).unwrap_or_default();
        authority.rsplit_once(':').is_some_and(|(_, from)| from == port)
    }
}
