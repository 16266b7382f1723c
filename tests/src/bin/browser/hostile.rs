//! A page of another origin that wants to end a login, or to bring a code of its own into it.

use std::io;

use openrouter_oauth_transport_contract::{Scheme, ScriptedServer};
use serde_json::json;

const PAGE: &str = include_str!("hostile.html");

/// The ways in which the page asks for each target, as its URLs name them. What a socket is refused with is not among the
/// browser's answers; the page itself says if one opens.
pub(crate) fn ways() -> impl Iterator<Item = &'static str> {
    let names = PAGE.lines().filter_map(|line| line.strip_prefix("  \"")?.split_once("\": (url) =>"));
    names.map(|(name, _)| name).filter(|name| *name != "socket")
}

/// Serves the page. It asks for each of `targets` in every way that needs nobody, and opens each of `windows` once its
/// button is pressed; then its title is `tried`.
pub(crate) fn serve(targets: &[String], windows: &[String]) -> io::Result<ScriptedServer> {
    let page = PAGE.replace("TARGETS", &json!(targets).to_string());
    let page = page.replace("WINDOWS", &json!(windows).to_string());
    let head = format!("content-type: text/html; charset=utf-8\r\ncontent-length: {}", page.len());
    ScriptedServer::responding(&Scheme::http(), format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{page}"))
}
