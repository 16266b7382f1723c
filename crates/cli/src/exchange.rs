//! `exchange`: exchanges a code for a key.

use std::path::Path;

use openrouter_oauth::{
    ApiKeyGrant, AuthorizationCode, CallbackError, Client, ExchangeAuthCode, Pkce, models::CodeVerifier,
};
use zeroize::Zeroizing;

use crate::{args::ExchangeOptions, exit::Failure, input, output::Output, pending_file::PendingFile};

pub(crate) async fn run(options: &ExchangeOptions, client: &Client, output: Output) -> Result<(), Failure> {
    let grant = match &options.pending {
        Some(path) => finish(path, client, output).await?,
        None => raw(options.without_pkce, client).await?,
    };
    output.result(&grant, grant.key.expose()).map_err(|failure| Failure::KeyLost(Box::new(failure)))
}

/// Finishes the sign-in that `url` began.
async fn finish(path: &Path, client: &Client, output: Output) -> Result<ApiKeyGrant, Failure> {
    let file = PendingFile::open(path)?;
    let mut pending = file.read()?;
    let code = pending.read_pasted(&code(client)?)?;
    file.remove()?;
    let result = match file.sync() {
        Ok(()) => pending.exchange(client, &code).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    if pending.is_fresh()
        && let Err(failure) =
            pending.into_secret_json().map_err(Failure::from).and_then(|secret| file.create(&secret))
    {
        // The exchange has failed, and its error matters more.
        output.note(&format!("The pending sign-in was not saved again: {}.", failure.message()));
    }
    result
}

/// Exchanges a code without a pending sign-in.
async fn raw(without_pkce: bool, client: &Client) -> Result<ApiKeyGrant, Failure> {
    let verifier = if without_pkce { None } else { Some(verifier()?) };
    let code = AuthorizationCode::parse(code(client)?.trim())?;
    // The service would reject a key too, but by then it has left the machine.
    if code.contains_api_key() {
        return Err(CallbackError::ApiKey.into());
    }
    let mut request = ExchangeAuthCode::new(code);
    if let Some(verifier) = verifier {
        request = request.pkce(verifier, Pkce::METHOD);
    }
    Ok(client.exchange_auth_code(request).await?)
}

fn code(client: &Client) -> Result<Zeroizing<String>, Failure> {
    input::secret("OPENROUTER_CODE", "code", client)
}

/// Reads the verifier, which may be sent to any host: it is worthless without its code.
fn verifier() -> Result<CodeVerifier, Failure> {
    let verifier = input::variable("OPENROUTER_CODE_VERIFIER")?.ok_or(Failure::Usage(
        "the code's verifier is missing: pass --pending FILE, set OPENROUTER_CODE_VERIFIER, or pass --without-pkce",
    ))?;
    Ok(CodeVerifier::parse(verifier.trim())?)
}
