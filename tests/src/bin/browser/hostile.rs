//! A page of another origin that tries to end a login, or to inject its own code.

use std::io;

use openrouter_oauth_transport_contract::{Scheme, ScriptedServer};
use serde_json::json;

const PAGE: &str = include_str!("hostile.html");

/// The kinds of requests that the page sends to each target, as its URLs name them. Sockets are left out, because the
/// browser's log does not show how they are rejected. The page itself reports if one opens.
pub(crate) fn request_kinds() -> impl Iterator<Item = &'static str> {
    let names = PAGE.lines().filter_map(|line| line.strip_prefix("  \"")?.split_once("\": (url) =>"));
    names.map(|(name, _)| name).filter(|name| *name != "socket")
}

/// Serves the page. It sends every kind of request to each of `targets`, and then changes its title to `tried`. It
/// opens each of `windows` when its button is pressed.
pub(crate) fn serve(targets: &[String], windows: &[String]) -> io::Result<ScriptedServer> {
    let page = PAGE.replace("TARGETS", &json!(targets).to_string());
    let page = page.replace("WINDOWS", &json!(windows).to_string());
    let head = format!("content-type: text/html; charset=utf-8\r\ncontent-length: {}", page.len());
    ScriptedServer::responding(&Scheme::http(), format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{page}"))
}
