//! `login`: signs in and stores the key.

mod printer;
mod result;
mod screen;

use std::{sync::Arc, time::Duration};

use openrouter_oauth::{
    ApiKey, Client, KeyLabel, KeyLinks,
    models::{KeyInfo, ServerText},
};
use openrouter_oauth_login::{Cancel, Ensured, Headless, Login, SignedIn, default_key_label};

use self::{printer::Printer, result::LoginResult, screen::Screen};
use crate::{args::LoginOptions, exit::Failure, key, output::Output, signals::Signals, store::Store};

pub(crate) async fn run(options: LoginOptions, client: &Client, output: Output) -> Result<(), Failure> {
    let store = options.store.kind().map(|kind| Store::open(kind, client)).transpose()?;
    if store.is_none() && !options.print {
        return Err(Failure::Usage("the key would be lost: pass --print, or choose a store"));
    }
    let cancel = cancel_on_signals()?;
    let (print, again) = (options.print, options.again);
    let label = options.key.label.clone().map_or_else(|| default_key_label("openrouter-oauth"), Ok)?;
    let (headless, note) = choose_page(&options);
    let login = login(options, client, &label).headless(headless).cancel(cancel);
    let screen = Screen::new(output, note);
    let Some(store) = store else {
        let printer = Arc::new(Printer::new(screen.clone(), output, label));
        let login = screen.attach(login.store(Arc::clone(&printer)));
        let signed_in = screen.finish(login.run().await)?;
        return finish_printed(signed_in, &printer);
    };
    let login = screen.attach(login.store(Arc::clone(&store.keys)));
    let ensured = if again { login.run().await.map(Ensured::SignedIn) } else { login.ensure().await };
    match screen.finish(ensured)? {
        Ensured::Accepted { key, info, .. } => report_existing(print, &store, &key, &info, output),
        Ensured::SignedIn(signed_in) => {
            NewKey { signed_in, label: &label, store: &store, again }.write(print, output)
        }
        Ensured::Unchecked { error, .. } => Err(Failure::Unchecked { key: "the stored key", error }),
        _ => Err(Failure::Usage("this program does not know the result of the login")),
    }
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

/// Returns whether the page shows a code to paste, and a note for the user that says why, if they have not chosen it.
fn choose_page(options: &LoginOptions) -> (bool, Option<String>) {
    // A user who chooses a port can reach it, even over SSH.
    if options.headless || options.no_headless || options.port.is_some() {
        return (options.headless, None);
    }
    let note = Headless::detect().map(|reason| {
        let forwarded = match reason {
            Headless::NoDisplay => "",
            _ => " For a forwarded port, pass --port.",
        };
        format!(
            "The page will show a code to paste, because {reason}. If a browser can reach this machine, pass \
             --no-headless.{forwarded}\n"
        )
    });
    (note.is_some(), note)
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

/// Reports that the stored key still works.
fn report_existing(
    print: bool,
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
        key: print.then(|| key.expose()),
        previous: None,
    };
    note_environment(output);
    result.write(output)
}

/// Reports a failure to print a key that is not stored.
fn finish_printed(signed_in: SignedIn, printer: &Printer) -> Result<(), Failure> {
    let Some(error) = signed_in.not_stored else { return Ok(()) };
    Err(Failure::KeyLost(Box::new(printer.failure().unwrap_or(Failure::Store(error)))))
}

/// A key that the login created.
struct NewKey<'a> {
    signed_in: SignedIn,
    label: &'a KeyLabel,
    /// Where it was to be stored.
    store: &'a Store,
    /// Whether the user asked for another key.
    again: bool,
}

impl NewKey<'_> {
    /// Reports the key. It is printed to standard output if requested, or if it was not stored.
    fn write(self, print: bool, output: Output) -> Result<(), Failure> {
        let Self { signed_in, label, store, again } = self;
        let SignedIn { key, user_id, not_stored, replaced, .. } = signed_in;
        let is_stored = not_stored.is_none();
        let result = LoginResult {
            is_new: true,
            user_id: user_id.as_deref(),
            label: Some(label.as_str()),
            store: is_stored.then(|| store.kind.name()),
            key: (print || !is_stored).then(|| key.expose()),
            previous: replaced.as_ref().map(KeyLinks::settings),
        };
        let written = result.write(output);
        if let Some(error) = not_stored {
            written.map_err(|failure| Failure::KeyLost(Box::new(failure)))?;
            return Err(Failure::NotStored(error));
        }
        if let Some(previous) = result.previous {
            output.note(&if again {
                format!("The previous key stays valid until you delete it: {previous}")
            } else {
                format!("The key that OpenRouter no longer accepts was replaced. Its page: {previous}")
            });
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
