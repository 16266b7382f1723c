//! `url`: begins a sign-in.

use openrouter_oauth::{CallbackUrl, Client};
use serde::Serialize;

use crate::{args::UrlOptions, exit::Failure, output::Output, pending_file};

pub(crate) fn run(options: UrlOptions, client: &Client, output: Output) -> Result<(), Failure> {
    let mut authorize = match options.callback {
        Some(callback) => client.authorize(callback),
        None => client.authorize_headless(),
    };
    if let Some(label) = options.label {
        authorize = authorize.key_label(label);
    }
    if let Some(limit) = options.limit {
        authorize = authorize.limit(limit);
    }
    if let Some(workspace) = options.workspace {
        authorize = authorize.workspace_id(workspace);
    }
    if let Some(workspace) = options.required_workspace {
        authorize = authorize.required_workspace_id(workspace);
    }
    let (url, pending) = authorize.begin()?;

    let callback = pending.callback_url().cloned();
    let secret = pending.into_secret_json()?;
    if let Some(path) = &options.save {
        pending_file::create(path, &secret)?;
    }
    let begun = Begun {
        authorize_url: url.as_str(),
        callback_url: callback.as_ref().map(CallbackUrl::as_str),
        pending: options.save.is_none().then(|| secret.expose()),
    };
    say(&begun, output)
}

#[derive(Serialize)]
struct Begun<'a> {
    authorize_url: &'a str,
    callback_url: Option<&'a str>,
    pending: Option<&'a str>,
}

fn say(begun: &Begun<'_>, output: Output) -> Result<(), Failure> {
    output.note("Open this URL in a browser and authorize:");
    match begun.pending {
        Some(pending) => {
            output.note(begun.authorize_url);
            output.result(begun, pending)?;
        }
        None => output.result(begun, begun.authorize_url)?,
    }
    output.note(match begun.callback_url {
        Some(_) => "Then paste the address that the browser came back to into `exchange --pending FILE`.",
        None => "Then paste the code that the page shows into `exchange --pending FILE`.",
    });
    Ok(())
}
