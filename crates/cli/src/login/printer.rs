//! Prints a new key that is not stored.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use openrouter_oauth::{ApiKey, KeyLabel};
use openrouter_oauth_login::{Account, KeyStore, StoreError, StoreFuture};

use super::{result::LoginResult, screen::Screen};
use crate::{exit::Failure, output::Output};

/// Prints the result with the key. The login uses it as a store, so that the browser's page reports success only after
/// the key was printed.
#[derive(Debug)]
pub(super) struct Printer {
    screen: Screen,
    output: Output,
    label: KeyLabel,
    failure: Mutex<Option<Failure>>,
}

impl Printer {
    pub(super) fn new(screen: Screen, output: Output, label: KeyLabel) -> Self {
        Self { screen, output, label, failure: Mutex::default() }
    }

    /// Returns why the key could not be printed, if it could not.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn print(&self, key: &ApiKey) -> Result<(), StoreError> {
        self.screen.clear();
        let user_id = self.screen.user_id();
        let result = LoginResult {
            is_new: true,
            user_id: user_id.as_deref(),
            label: Some(self.label.as_str()),
            store: None,
            key: Some(key.expose()),
            previous: None,
        };
        result.write(self.output).map_err(|failure| {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
            StoreError::Io {
                path: "standard output".into(),
                verb: "written",
                source: io::ErrorKind::WriteZero.into(),
            }
        })
    }
}

impl KeyStore for Printer {
    fn load<'a>(&'a self, _account: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        Box::pin(async { Ok(None) })
    }

    fn save<'a>(&'a self, _account: &'a Account, key: &'a ApiKey) -> StoreFuture<'a, ()> {
        Box::pin(async { self.print(key) })
    }

    fn delete<'a>(&'a self, _account: &'a Account) -> StoreFuture<'a, bool> {
        Box::pin(async { Ok(false) })
    }
}
