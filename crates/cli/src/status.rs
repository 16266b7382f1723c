//! `status`: describes the key.

use openrouter_oauth::{
    Client,
    models::{KeyInfo, Nullable, ServerText},
};
use serde::Serialize;

use crate::{args::StoreOptions, exit::Failure, key, output::Output};

pub(crate) async fn run(options: &StoreOptions, client: &Client, output: Output) -> Result<(), Failure> {
    let key = key::find(options.store, client).await?;
    let info = key.info(client).await?;
    let service = client.origin().as_str();
    if output.is_json() {
        return Output::json(&Described { source: key.source, service, info: &info });
    }
    let lines = [line("key", &key.location), line("service", service)];
    for line in lines.into_iter().chain(describe(&info)) {
        output.text(&line)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Described<'a> {
    source: &'static str,
    service: &'a str,
    #[serde(flatten)]
    info: &'a KeyInfo,
}

/// Describes a key, with one line per property that the service reports.
pub(crate) fn describe(info: &KeyInfo) -> Vec<String> {
    let text = |text: &String| ServerText::new(text).to_string();
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
        ("label", info.label.as_ref().map(text)),
        ("user", info.creator_user_id.value().map(text)),
        ("limit", limit),
        ("left", info.limit_remaining.value().map(|left| format!("{left} USD"))),
        ("used", info.usage.map(|used| format!("{used} USD"))),
        ("expires", expires),
    ];
    lines.into_iter().filter_map(|(name, value)| Some(line(name, &value?))).collect()
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<9} {value}")
}
