//! `login`: signs in and stores the key.

mod screen;

use std::{sync::Arc, time::Duration};

use openrouter_oauth::{
    ApiKey, Client, KeyLabel, KeyLinks,
    models::{KeyInfo, ServerText},
};
use openrouter_oauth_login::{Cancel, Error, Headless, Login, SignedIn, default_key_label};
use serde::Serialize;

use self::screen::Screen;
use crate::{
    args::LoginOptions,
    exit::Failure,
    key::{self, KeyWithSource},
    output::Output,
    signals::Signals,
    store::Store,
};

pub(crate) async fn run(options: LoginOptions, client: &Client, output: Output) -> Result<(), Failure> {
    let store = options.store.kind().map(|kind| Store::open(kind, client)).transpose()?;
    if store.is_none() && !options.print {
        return Err(Failure::Usage("the key would be lost: pass --print, or choose a store"));
    }
    let cancel = cancel_on_signals()?;
    let mut before = match &store {
        Some(store) => store.load().await?,
        None => None,
    };
    if let (Some(store), Some(key), false) = (&store, &before, options.again) {
        let good = tokio::select! {
            good = check_stored_key(key, store, client) => good?,
            () = cancel.cancelled() => return Err(Error::Cancelled.into()),
        };
        if let Some(info) = good {
            return report_existing(&options, store, key, &info, output);
        }
        output.note("OpenRouter no longer accepts the stored key.");
        before = None;
    }
    let print = options.print;
    let label = options.key.label.clone().map_or_else(|| default_key_label("openrouter-oauth"), Ok)?;
    let headless = choose_page(&options, output);
    let login = login(options, client, &label).headless(headless).cancel(cancel);
    let login = match &store {
        Some(store) => login.store(Arc::clone(&store.keys)),
        None => login,
    };
    let signed_in = Screen::new(output).run(login).await?;
    let new_key = NewKey { signed_in, label: &label, store: store.as_ref(), before: before.as_ref() };
    new_key.write(print, output)
}

/// Builds the login from the options.
fn login(options: LoginOptions, client: &Client, label: &KeyLabel) -> Login {
    let mut login =
        Login::new(client).key_label(label.clone()).timeout(Duration::from_secs(options.timeout.into()));
    if let Some(limit) = options.key.limit {
        login = login.limit(limit);
    }
    if let Some(workspace) = options.key.workspace {
        login = login.workspace_id(workspace);
    }
    if let Some(workspace) = options.key.required_workspace {
        login = login.required_workspace_id(workspace);
    }
    if let Some(port) = options.port {
        login = login.port(port);
    }
    if options.no_browser {
        login = login.no_browser();
    }
    login
}

/// Returns whether the page shows a code to paste. Tells the user why, if they have not chosen it.
fn choose_page(options: &LoginOptions, output: Output) -> bool {
    // A user who chooses a port can reach it, even over SSH.
    if options.headless || options.no_headless || options.port.is_some() {
        return options.headless;
    }
    let reason = Headless::detect();
    if let Some(reason) = reason {
        let forwarded = match reason {
            Headless::NoDisplay => "",
            _ => " For a forwarded port, pass --port.",
        };
        output.note(&format!(
            "The page will show a code to paste, because {reason}. If a browser can reach this machine, pass \
             --no-headless.{forwarded}\n"
        ));
    }
    reason.is_some()
}

/// Cancels the login on each signal, so that it restores the terminal and frees the port.
fn cancel_on_signals() -> Result<Cancel, Failure> {
    let mut signals = Signals::listen().and_then(Signals::and_hangup).map_err(Failure::Runtime)?;
    let cancel = Cancel::new();
    let cancels = cancel.clone();
    tokio::spawn(async move {
        loop {
            signals.next().await;
            cancels.cancel();
        }
    });
    Ok(cancel)
}

/// Returns the service's description of the stored key, or `None` if the service rejects the key.
///
/// Any other failure is an error. Otherwise, every login during an outage would create one more key.
async fn check_stored_key(key: &ApiKey, store: &Store, client: &Client) -> Result<Option<KeyInfo>, Failure> {
    let key = KeyWithSource { key: key.clone(), kind: Some(store.kind), location: store.location.clone() };
    match key.info(client).await {
        Ok(info) => Ok(Some(info)),
        Err(Failure::BadKey { .. }) => Ok(None),
        Err(failure) => Err(Failure::StoredKey(Box::new(failure))),
    }
}

/// Reports that the stored key still works.
fn report_existing(
    options: &LoginOptions,
    store: &Store,
    key: &ApiKey,
    info: &KeyInfo,
    output: Output,
) -> Result<(), Failure> {
    let label = info.label.as_deref().map(|label| ServerText::new(label).to_string());
    let named = label.as_ref().map(|label| format!(" {label:?}")).unwrap_or_default();
    output.note(&format!(
        "You are already signed in: the key{named} still works. To create another, pass --again."
    ));
    let result = LoginResult {
        is_new: false,
        user_id: info.creator_user_id.value().map(String::as_str),
        label: label.as_deref(),
        store: Some(store.kind.name()),
        key: options.print.then(|| key.expose()),
        previous: None,
    };
    note_environment(output);
    result.write(output)
}

/// A key that the login created.
struct NewKey<'a> {
    signed_in: SignedIn,
    label: &'a KeyLabel,
    /// Where it was to be stored.
    store: Option<&'a Store>,
    /// The key that was stored there before, and that may still be valid.
    before: Option<&'a ApiKey>,
}

impl NewKey<'_> {
    /// Reports the key. It is printed to standard output if requested, or if it was not stored.
    fn write(self, print: bool, output: Output) -> Result<(), Failure> {
        let Self { signed_in, label, store, before } = self;
        let kept = store.filter(|_| signed_in.not_stored.is_none());
        let previous = before.filter(|_| kept.is_some()).map(KeyLinks::new);
        let result = LoginResult {
            is_new: true,
            user_id: signed_in.user_id.as_deref(),
            label: Some(label.as_str()),
            store: kept.map(|store| store.kind.name()),
            key: (print || kept.is_none()).then(|| signed_in.key.expose()),
            previous: previous.as_ref().map(KeyLinks::settings),
        };
        let written = result.write(output);
        let Some(store) = kept else {
            written.map_err(|failure| Failure::KeyLost(Box::new(failure)))?;
            return signed_in.not_stored.map_or(Ok(()), |error| Err(Failure::NotStored(error)));
        };
        if let Some(previous) = result.previous {
            output.note(&format!("The previous key stays valid until you delete it: {previous}"));
        }
        output.note(&format!("You are signed in. The key {:?} is in {}.", label.as_str(), store.location));
        note_environment(output);
        written
    }
}

/// Notes that the variable's key comes first, because a user who has just signed in expects to use the new key.
fn note_environment(output: Output) {
    if key::is_in_environment() {
        output.warning(
            "OPENROUTER_API_KEY is set and takes precedence over the stored key; unset it to use the stored key",
        );
    }
}

#[derive(Serialize)]
struct LoginResult<'a> {
    is_new: bool,
    user_id: Option<&'a str>,
    label: Option<&'a str>,
    store: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    /// The page where the user can delete the key that was stored before.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<&'a str>,
}

impl LoginResult<'_> {
    /// Writes the result. As text, it is only the key, if there is one to print.
    fn write(&self, output: Output) -> Result<(), Failure> {
        match self.key {
            Some(key) => output.result(self, key),
            None if output.is_json() => Output::json(self),
            None => Ok(()),
        }
    }
}
