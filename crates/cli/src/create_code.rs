//! `create-code`: creates a code with a key, without the consent page.

use openrouter_oauth::{Client, CreateAuthCode, Error, Pkce};

use crate::{
    args::CreateCodeOptions,
    exit::Failure,
    key::{self, KeyWithSource},
    output::Output,
};

pub(crate) async fn run(options: CreateCodeOptions, client: &Client, output: Output) -> Result<(), Failure> {
    let key = key::find(options.store.store, client).await?;
    let code = key.authenticate(client).create_auth_code(request(options)).await;
    let code = code.map_err(|error| failure(error, &key))?;
    output.result(&code, code.id.expose())
}

/// An unknown outcome has a status of its own, because only a code may have been created, not a key.
fn failure(error: Error, key: &KeyWithSource) -> Failure {
    if error.is_outcome_unknown() { Failure::CodeUnknown(error) } else { key.failure(error) }
}

fn request(options: CreateCodeOptions) -> CreateAuthCode {
    let mut request = CreateAuthCode::new(options.callback);
    if let Some(challenge) = options.challenge {
        request = request.challenge(challenge, Pkce::METHOD);
    }
    if let Some(label) = options.label {
        request = request.key_label(label);
    }
    if let Some(limit) = options.limit {
        request = request.limit(limit);
    }
    if let Some(reset) = options.limit_reset {
        request = request.usage_limit_type(reset.into());
    }
    if let Some(expires_at) = options.expires_at {
        request = request.expires_at(expires_at);
    }
    if let Some(workspace) = options.workspace {
        request = request.workspace_id(workspace);
    }
    request
}
