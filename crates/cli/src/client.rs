//! The client of the operations.

use openrouter_oauth::Client;

use crate::exit::Failure;

/// A client with what the environment says, of the service at `server` if it is given.
pub(crate) fn new(server: Option<&str>) -> Result<Client, Failure> {
    let mut builder =
        Client::builder().env().user_agent(concat!("openrouter-oauth-cli/", env!("CARGO_PKG_VERSION")));
    if let Some(server) = server {
        builder = builder.base_url(server);
    }
    Ok(builder.build()?)
}
