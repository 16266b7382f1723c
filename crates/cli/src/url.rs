//! `url`: begins a sign-in.

use std::path::Path;

use openrouter_oauth::{AnySignIn, Authorize, CallbackUrl};
use serde::Serialize;

use crate::{
    args::{KeyOptions, ServiceOptions, UrlOptions},
    client,
    exit::Failure,
    output::Output,
    pending_file,
};

pub(crate) fn run(options: UrlOptions, service: &ServiceOptions, output: Output) -> Result<(), Failure> {
    let client = client::new(service)?;
    let (url, callback, pending) = if let Some(callback) = options.callback {
        let (url, pending) = propose(options.key, client.authorize(callback)).begin()?;
        (url, Some(pending.callback_url().clone()), AnySignIn::from(pending))
    } else {
        let (url, pending) = propose(options.key, client.authorize_headless()).begin()?;
        (url, None, AnySignIn::from(pending))
    };

    let secret = pending.into_secret_json()?;
    if let Some(path) = &options.save {
        pending_file::create(path, &secret)?;
    }
    let begun = Begun {
        authorize_url: url.as_str(),
        callback_url: callback.as_ref().map(CallbackUrl::as_str),
        pending: options.save.is_none().then(|| secret.expose()),
    };
    write(&begun, output)?;
    output.note(match begun.callback_url {
        Some(_) => "Then run this command and paste the URL that the browser was redirected to:",
        None => "Then run this command and paste the code that the page shows:",
    });
    output.note(&next_command(options.save.as_deref(), service));
    Ok(())
}

/// Requests a key with these properties.
fn propose<C>(key: KeyOptions, mut authorize: Authorize<C>) -> Authorize<C> {
    if let Some(label) = key.label {
        authorize = authorize.key_label(label);
    }
    if let Some(limit) = key.limit {
        authorize = authorize.limit(limit);
    }
    if let Some(workspace) = key.workspace {
        authorize = authorize.workspace_id(workspace);
    }
    if let Some(workspace) = key.required_workspace {
        authorize = authorize.required_workspace_id(workspace);
    }
    authorize
}

#[derive(Serialize)]
struct Begun<'a> {
    authorize_url: &'a str,
    callback_url: Option<&'a str>,
    pending: Option<&'a str>,
}

fn write(begun: &Begun<'_>, output: Output) -> Result<(), Failure> {
    output.note("Open this URL in a browser and authorize:");
    match begun.pending {
        Some(pending) => {
            output.note(begun.authorize_url);
            output.result(begun, pending)?;
        }
        None => output.result(begun, begun.authorize_url)?,
    }
    Ok(())
}

/// Returns the command that finishes the sign-in. The user's arguments are quoted, because they may contain any
/// characters.
fn next_command(file: Option<&Path>, service: &ServiceOptions) -> String {
    let file = file.map_or_else(|| "FILE".to_owned(), |path| format!("{:?}", path.display().to_string()));
    format!("  openrouter-oauth exchange --pending {file}{}", service.as_arguments())
}
