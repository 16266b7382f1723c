//! What servers answered to the browser, from the events of `DevTools` (domain `Network`).

use std::collections::BTreeMap;

use serde_json::Value;

/// An answer as it came over the wire, also one that the page was not let see.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Answer {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) status: u64,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

/// The answers that came from `origin`, in order.
pub(crate) fn answers(events: &[String], origin: &str) -> Vec<Answer> {
    let events: Vec<Value> = events.iter().filter_map(|event| serde_json::from_str(event).ok()).collect();
    let named = |name: &'static str| {
        let is_named = move |event: &&Value| event["message"]["method"] == name;
        events.iter().filter(is_named).map(|event| &event["message"]["params"])
    };
    // Which of two events about a request comes first is not said. One that was redirected has a line for each URL, and
    // whoever is asked at `origin` is not sent on.
    let asked: BTreeMap<_, _> = named("Network.requestWillBeSent")
        .filter_map(|event| Some((event["requestId"].as_str()?, &event["request"])))
        .collect();
    let last: BTreeMap<_, _> = named("Network.responseReceivedExtraInfo")
        .enumerate()
        .filter_map(|(place, event)| Some((event["requestId"].as_str()?, (place, event))))
        .collect();
    let mut found: Vec<_> = last
        .into_iter()
        .filter_map(|(id, (place, event))| {
            let request = asked.get(id)?;
            let url = request["url"].as_str()?;
            let is_theirs = url.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/'));
            let method = request["method"].as_str()?.to_owned();
            is_theirs.then(|| (place, Answer::new(method, url.to_owned(), event)))
        })
        .collect();
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, answer)| answer).collect()
}

impl Answer {
    fn new(method: String, url: String, event: &Value) -> Self {
        let headers = event["headers"].as_object().into_iter().flatten();
        let headers =
            headers.map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap_or_default().to_owned()));
        let status = event["statusCode"].as_u64().unwrap_or_default();
        Self { method, url, status, headers: headers.collect() }
    }
}
