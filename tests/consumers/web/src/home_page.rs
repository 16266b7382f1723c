//! The page of a logged-in user, in HTML.

use axum::response::Response;
use http::StatusCode;
use openrouter_oauth::{KeyInfo, Nullable};

use crate::{
    key_state::KeyState,
    page::{button, escape, page},
    users::User,
};

pub(crate) fn show(user: &User, state: &KeyState, old_links: &[String]) -> Response {
    let body = format!(
        "<p>You are logged in as {name}.</p>{log_out}<h2>OpenRouter</h2>{openrouter}{old_keys}",
        name = escape(&user.name),
        log_out = button("/logout", "log-out", "Log out"),
        openrouter = openrouter(user, state),
        old_keys = old_keys(old_links),
    );
    page(StatusCode::OK, "Your account", &body)
}

fn openrouter(user: &User, state: &KeyState) -> String {
    let connect = button("/openrouter?return_to=/", "connect", "Connect OpenRouter");
    let again = button("/openrouter?return_to=/", "connect", "Connect again");
    let disconnect = button("/disconnect", "disconnect", "Disconnect");
    let stored = user.key_link.as_deref().map(settings).unwrap_or_default() + &disconnect + &again;
    let (status, rest) = match state {
        KeyState::NotConnected => ("OpenRouter is not connected.", connect),
        KeyState::Accepted(info) => ("OpenRouter is connected.", details(info) + &stored),
        KeyState::Doubtful => ("OpenRouter rejected the key just now. Reload this page in a minute.", stored),
        KeyState::Rejected => ("OpenRouter no longer accepts the key, so it was deleted here.", connect),
        KeyState::Locked => ("The stored key cannot be opened. Connect OpenRouter again.", stored),
        KeyState::Unknown => ("OpenRouter is connected, but the key cannot be read at the moment.", stored),
    };
    format!("<p id=status role=status>{status}</p>{rest}")
}

fn details(info: &KeyInfo) -> String {
    let limit = match info.limit {
        Nullable::Value(limit) => dollars(limit),
        Nullable::Null => "none".into(),
        Nullable::Absent => "unknown".into(),
    };
    format!(
        "<dl><dt>Label<dd id=key-label>{label}<dt>Limit<dd id=key-limit>{limit}<dt>Used<dd id=key-usage>{usage}</dl>",
        label = escape(info.label.as_deref().unwrap_or("unknown")),
        usage = info.usage.map_or_else(|| "unknown".into(), dollars),
    )
}

fn settings(link: &str) -> String {
    format!("<p><a id=key-settings href=\"{}\">Settings of the key at OpenRouter</a></p>", escape(link))
}

fn old_keys(links: &[String]) -> String {
    if links.is_empty() {
        return String::new();
    }
    let forms: String = links.iter().map(|link| old_key(link)).collect();
    format!(
        "<div id=old-keys><p>These keys are no longer stored here, but may still work at OpenRouter until you delete \
         them there.</p>{forms}</div>"
    )
}

fn old_key(link: &str) -> String {
    // The beginning of the hash tells the links apart.
    let hash: String = link.rsplit('/').next().unwrap_or_default().chars().take(8).collect();
    format!(
        "<form method=post action=/forget-link><input type=hidden name=link value=\"{link}\">\
         <a href=\"{link}\">Key {hash}</a> <button>I deleted it</button></form>",
        link = escape(link),
        hash = escape(&hash),
    )
}

fn dollars(amount: f64) -> String {
    format!("${amount:.2}")
}
