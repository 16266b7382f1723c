//! `keys`: shows links to the key's pages.

use openrouter_oauth::{Client, KeyLinks};
use serde::Serialize;

use crate::{
    args::{KeysCommand, StoreOptions},
    exit::Failure,
    key,
    output::Output,
};

pub(crate) async fn run(command: &KeysCommand, client: &Client, output: Output) -> Result<(), Failure> {
    match command {
        KeysCommand::Link(options) => link(options, client, output).await,
    }
}

async fn link(options: &StoreOptions, client: &Client, output: Output) -> Result<(), Failure> {
    let key = key::find(options.store, client).await?;
    let links = KeyLinks::new(&key.key);
    let pages = Pages { activity: links.activity(), settings: links.settings() };
    if key.is_from_environment() {
        output.note(
            "These are the pages of the key in OPENROUTER_API_KEY, which takes precedence over a stored key.",
        );
    }
    output.result(&pages, &format!("activity  {}\nsettings  {}", pages.activity, pages.settings))
}

#[derive(Serialize)]
struct Pages<'a> {
    activity: &'a str,
    settings: &'a str,
}
