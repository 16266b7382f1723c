//! `login`: signs in, and keeps the key.

mod screen;

use std::{sync::Arc, time::Duration};

use openrouter_oauth::{
    ApiKey, Client, KeyLabel,
    models::{KeyInfo, ServerText},
};
use openrouter_oauth_login::{Cancel, Error, Login, SignedIn, default_key_label};
use serde::Serialize;

use self::screen::Screen;
use crate::{args::LoginOptions, exit::Failure, key::Found, output::Output, signals::Signals, store::Store};

pub(crate) async fn run(options: LoginOptions, client: &Client, output: Output) -> Result<(), Failure> {
    let store = options.store.place().map(|place| Store::open(place, client)).transpose()?;
    if store.is_none() && !options.print {
        return Err(Failure::Usage("the key would be lost: say --print, or choose a store"));
    }
    let cancel = cancel_on_signals()?;
    let screen = Screen::new(output);
    if let Some(store) = store.as_ref().filter(|_| !options.again) {
        let good = tokio::select! {
            good = good_key(store, client, &screen) => good?,
            () = cancel.cancelled() => return Err(Error::Cancelled { exchanging: false }.into()),
        };
        if let Some((key, info)) = good {
            return say_old(&options, store, &key, &info, output);
        }
    }
    let print = options.print;
    let label = options.key.label.clone().map_or_else(|| default_key_label("openrouter-oauth"), Ok)?;
    let login = login(options, client, &label).cancel(cancel);
    let login = match &store {
        Some(store) => login.store(Arc::clone(&store.keys), store.account.clone()),
        None => login,
    };
    let signed_in = screen.attach(login).run().await;
    screen.clear();
    say_new(signed_in?, print, store.as_ref(), &label, output)
}

/// What the options ask for.
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
    if options.headless {
        login = login.headless(true);
    }
    if let Some(port) = options.port {
        // Whoever names a port has a way to it, also over SSH.
        login = login.port(port).headless(false);
    }
    if options.no_browser {
        login = login.no_browser();
    }
    login
}

/// Cancels the login on each signal, so that the terminal and the port are left in order.
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

/// The stored key, if the service says that it is good. What says nothing about the key is an error: one more key would be
/// made at every login otherwise.
async fn good_key(
    store: &Store,
    client: &Client,
    screen: &Screen,
) -> Result<Option<(ApiKey, KeyInfo)>, Failure> {
    let Some(key) = store.load().await? else { return Ok(None) };
    let key = Found { key, source: store.place.name(), place: store.words.clone() };
    match key.ask(client).await {
        Ok(info) => Ok(Some((key.key, info))),
        Err(Failure::BadKey { .. }) => {
            screen.note("OpenRouter does not accept the stored key any more.");
            Ok(None)
        }
        Err(failure) => Err(Failure::StoredKey(Box::new(failure))),
    }
}

/// Says that there is a good key already.
fn say_old(
    options: &LoginOptions,
    store: &Store,
    key: &ApiKey,
    info: &KeyInfo,
    output: Output,
) -> Result<(), Failure> {
    let label = info.label.as_deref().map(|label| ServerText::new(label).to_string());
    let named = label.as_ref().map(|label| format!(" {label:?}")).unwrap_or_default();
    output.note(&format!("You are signed in: the key{named} is good. To make another, say --again."));
    let answer = Answer {
        is_new: false,
        user_id: info.creator_user_id.value().map(String::as_str),
        label: label.as_deref(),
        store: Some(store.place.name()),
        key: options.print.then(|| key.expose()),
    };
    answer.say(output)
}

/// Says that there is a new key. It is written to standard output if there is nowhere else.
fn say_new(
    signed_in: SignedIn,
    print: bool,
    store: Option<&Store>,
    label: &KeyLabel,
    output: Output,
) -> Result<(), Failure> {
    let kept = store.filter(|_| signed_in.not_stored.is_none());
    let answer = Answer {
        is_new: true,
        user_id: signed_in.user_id.as_deref(),
        label: Some(label.as_str()),
        store: kept.map(|store| store.place.name()),
        key: (print || kept.is_none()).then(|| signed_in.key.expose()),
    };
    let said = answer.say(output);
    let Some(store) = kept else {
        said.map_err(|failure| Failure::KeyLost(Box::new(failure)))?;
        return signed_in.not_stored.map_or(Ok(()), |error| Err(Failure::NotStored(error)));
    };
    output.note(&format!("You are signed in. The key {:?} is in {}.", label.as_str(), store.words));
    said
}

#[derive(Serialize)]
struct Answer<'a> {
    is_new: bool,
    user_id: Option<&'a str>,
    label: Option<&'a str>,
    store: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

impl Answer<'_> {
    /// In words it is the key alone, if anything.
    fn say(&self, output: Output) -> Result<(), Failure> {
        match self.key {
            Some(key) => output.result(self, key),
            None if output.is_json() => Output::json(self),
            None => Ok(()),
        }
    }
}
