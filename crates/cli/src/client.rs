//! The client of the operations.

use openrouter_oauth::{ApiKey, Client};

use crate::{exit::Failure, input};

const KEY_VARIABLE: &str = "OPENROUTER_API_KEY";

/// A client with what the environment says, of the service at `server` if it is given.
pub(crate) fn new(server: Option<&str>) -> Result<Client, Failure> {
    let mut builder =
        Client::builder().env().user_agent(concat!("openrouter-oauth-cli/", env!("CARGO_PKG_VERSION")));
    if let Some(server) = server {
        builder = builder.base_url(server);
    }
    Ok(builder.build()?)
}

/// The same with a key, and that key: of the environment, or else from standard input.
pub(crate) fn with_key(server: Option<&str>) -> Result<(Client, ApiKey), Failure> {
    let client = new(server)?;
    let key = ApiKey::parse(input::secret(KEY_VARIABLE, "API key")?.trim())?;
    Ok((client.with_key(key.clone()), key))
}
