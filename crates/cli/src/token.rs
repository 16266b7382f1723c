//! `token`: prints the stored key.

use std::io::{self, IsTerminal as _};

use openrouter_oauth::Client;
use serde::Serialize;

use crate::{args::TokenOptions, exit::Failure, key, output::Output};

pub(crate) async fn run(options: &TokenOptions, client: &Client, output: Output) -> Result<(), Failure> {
    if io::stdout().is_terminal() && !options.force {
        return Err(Failure::Usage(
            "the key would be visible on the screen: use `$(openrouter-oauth token)`, or pass --force",
        ));
    }
    let key = key::stored(options.store.store, client).await?.key;
    output.result(&Printed { key: key.expose() }, key.expose())
}

#[derive(Serialize)]
struct Printed<'a> {
    key: &'a str,
}
