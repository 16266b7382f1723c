//! Creates the client for the operations.

use openrouter_oauth::Client;

use crate::exit::Failure;

/// Creates a client from the environment. `server`, if given, overrides the base URL.
pub(crate) fn new(server: Option<&str>) -> Result<Client, Failure> {
    let mut builder =
        Client::builder().env().user_agent(concat!("openrouter-oauth-cli/", env!("CARGO_PKG_VERSION")));
    if let Some(server) = server {
        builder = builder.base_url(server);
    }
    Ok(builder.build()?)
}
