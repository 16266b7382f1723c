//! Sends a call: writes the request, sends it as often as is safe, and reads the response.

use openrouter_oauth_models::Endpoint;

use crate::{ApiResponse, Client, Error, call::Options, call::attempts::Attempts, call::request::Outgoing};

/// Sends `request` and reads its response.
pub(crate) async fn call<E: Endpoint>(
    client: &Client,
    request: &E,
    options: &Options,
) -> Result<ApiResponse<E::Response>, Error> {
    let shared = client.shared();
    let base = options.base_url.as_ref().unwrap_or(&shared.base_url);
    let attempts = Attempts::of::<E>(shared, options)?;
    let outgoing = attempts.within(Outgoing::new(shared, request, options, base)).await??;
    let (attempts_sent, reply) = attempts.run(&outgoing).await?;
    crate::call::response::of(request, &outgoing, attempts_sent, reply)
}
