//! The code of the how-to pages that needs a real database, and of those for logs.

mod database;

use std::{
    borrow::Cow,
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{Router, extract::FromRequestParts, http::request::Parts};
use openrouter_oauth_axum::{Subject, VaultKeys};
use tokio::net::TcpListener;

/// The user, who is always logged in.
struct User {
    id: String,
}

impl Subject for User {
    fn subject(&self) -> Cow<'_, str> {
        self.id.as_str().into()
    }
}

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self { id: "alice".to_owned() })
    }
}

/// The state of the application.
#[derive(Clone)]
struct App {
    database_url: String,
    origin: String,
    vault: Arc<VaultKeys>,
}

fn vault(keys: &[&str]) -> VaultKeys {
    VaultKeys::parse(&keys.iter().map(|digits| digits.repeat(4)).collect::<Vec<_>>().join(",")).unwrap()
}

const OLD: &str = "0123456789abcdef";
const NEW: &str = "fedcba9876543210";

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

#[test]
fn pages_show_code_that_is_tested() {
    let database = include_str!("how_to/database.rs");
    let revocation = include_str!("how_to/database/revocation.rs");
    let secrets = include_str!("secrets.rs");
    let shutdown = concat!(
        include_str!("../src/bin/shutdown/shutdown.rs"),
        include_str!("../src/bin/shutdown/app.rs"),
        include_str!("../src/bin/shutdown/main.rs"),
    );
    for (page, file, count) in [
        (include_str!("../../crates/axum/docs/database.md"), database, 2),
        (include_str!("../../crates/axum/docs/revocation.md"), revocation, 2),
        (include_str!("../../crates/axum/docs/behind-a-proxy.md"), secrets, 1),
        (include_str!("../../crates/axum/docs/shutdown.md"), shutdown, 3),
    ] {
        let blocks: Vec<_> = page.split("```rust,ignore\n").skip(1).collect();
        assert_eq!(blocks.len(), count, "{page}");
        for block in blocks {
            let (block, _) = block.split_once("```").unwrap();
            assert!(file.contains(block), "copy the code of tests/web:\n{block}");
        }
    }
}

#[test]
fn page_shows_lines_of_the_configuration_that_is_tested() {
    let page = include_str!("../../crates/axum/docs/behind-a-proxy.md");
    let (_, rest) = page.split_once("```nginx\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let tested = include_str!("../consumers/web/nginx.conf");
    for line in block.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        assert!(tested.lines().any(|shown| shown.trim() == line), "{line}");
    }
}
