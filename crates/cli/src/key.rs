//! `key`: what a key is.

use openrouter_oauth::{
    ApiKey, Client, KeyLinks,
    models::{KeyInfo, Nullable, ServerText},
};
use serde::Serialize;

use crate::{args::KeyOptions, exit::Failure, output::Output};

pub(crate) async fn run(
    options: &KeyOptions,
    client: &Client,
    key: &ApiKey,
    output: Output,
) -> Result<(), Failure> {
    let info = client.current_key().await?;
    let links = options.links.then(|| KeyLinks::of(key));
    if output.is_json() {
        let links =
            links.as_ref().map(|links| Links { activity: links.activity(), settings: links.settings() });
        return Output::json(&Described { info: &info, links });
    }
    for line in describe(&info) {
        output.words(&line)?;
    }
    if let Some(links) = links {
        output.words(&format!("activity  {}", links.activity()))?;
        output.words(&format!("settings  {}", links.settings()))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Described<'a> {
    #[serde(flatten)]
    info: &'a KeyInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<Links<'a>>,
}

#[derive(Serialize)]
struct Links<'a> {
    activity: &'a str,
    settings: &'a str,
}

/// What a person wants to know of a key, a line each. What the service does not tell is left out.
pub(crate) fn describe(info: &KeyInfo) -> Vec<String> {
    let label = info.label.as_deref().map(ServerText::new);
    let limit = match (&info.limit, &info.limit_reset) {
        (Nullable::Absent, _) => None,
        (Nullable::Null, _) => Some("none".to_owned()),
        (Nullable::Value(limit), Nullable::Value(reset)) => {
            Some(format!("{limit} USD, {}", ServerText::new(reset.as_str())))
        }
        (Nullable::Value(limit), _) => Some(format!("{limit} USD")),
    };
    let expires = match &info.expires_at {
        Nullable::Absent => None,
        Nullable::Null => Some("never".to_owned()),
        Nullable::Value(time) => Some(time.to_string()),
    };
    let lines = [
        ("label", label.map(|label| label.to_string())),
        ("limit", limit),
        ("left", info.limit_remaining.value().map(|left| format!("{left} USD"))),
        ("used", info.usage.map(|used| format!("{used} USD"))),
        ("expires", expires),
    ];
    lines.into_iter().filter_map(|(name, value)| Some(format!("{name:<9} {}", value?))).collect()
}
