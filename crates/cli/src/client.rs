//! Creates the client for the operations.

use openrouter_oauth::{Client, ClientBuilder, Error, transport_hyper::HyperTransport};

use crate::{args::ServiceOptions, exit::Failure};

/// Creates a client from the environment. The options override the base URL.
pub(crate) fn new(service: &ServiceOptions) -> Result<Client, Failure> {
    let builder = Client::builder().env();
    build(builder.user_agent(concat!("openrouter-oauth-cli/", env!("CARGO_PKG_VERSION"))), service)
}

/// Applies the options to a builder, and builds the client.
pub(crate) fn build(mut builder: ClientBuilder, service: &ServiceOptions) -> Result<Client, Failure> {
    if let Some(server) = &service.server {
        builder = builder.base_url(server);
    }
    if let Some(host) = &service.insecure_http {
        builder = builder.dangerously_allow_http(host.as_str());
    }
    builder.build().map_err(|error| match error {
        Error::Invalid(invalid) if invalid.problem().contains("dangerously_allow_http") => {
            Failure::PlainHttp { what: invalid.what() }
        }
        other => other.into(),
    })
}

/// Creates the default transport of such a client.
pub(crate) fn transport(service: &ServiceOptions) -> Result<HyperTransport, Failure> {
    let builder = HyperTransport::builder();
    let builder = match &service.insecure_http {
        Some(host) => builder.dangerously_allow_http(host.as_str()),
        None => builder,
    };
    Ok(builder.build()?)
}
