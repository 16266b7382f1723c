//! `jwks`: shows the public keys that verify access tokens.

use openrouter_oauth::{
    Client,
    models::{Jwk, ServerText},
};

use crate::{exit::Failure, output::Output};

pub(crate) async fn run(client: &Client, output: Output) -> Result<(), Failure> {
    let set = client.signing_keys().await?;
    let lines: Vec<String> = set.keys.iter().map(line).collect();
    output.result(&set, &lines.join("\n"))
}

/// Formats a key's type, curve, algorithm, and ID, with a dash for each that is missing.
fn line(key: &Jwk) -> String {
    let parts = [Some(&key.kty), key.crv.as_ref(), key.alg.as_ref(), key.kid.as_ref()];
    parts.map(|part| part.map_or_else(|| "-".to_owned(), |part| ServerText::new(part).to_string())).join(" ")
}
