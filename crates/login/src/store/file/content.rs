//! The content of the file.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use openrouter_oauth::{ApiKey, Origin, transport::WipedBuffer};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::Account;

/// The keys of all accounts.
#[derive(Default)]
pub(super) struct Keys(BTreeMap<Account, ApiKey>);

/// The version of the format. Increase it if an older program would misread the file.
const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Unknown fields are an error, because the next change would lose them.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content<T> {
    version: u32,
    keys: Vec<T>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    #[serde(borrow)]
    service: Cow<'a, str>,
    #[serde(borrow)]
    account: Cow<'a, str>,
    #[serde(deserialize_with = "key")]
    key: ApiKey,
}

/// The only type that serializes a key.
#[derive(Serialize)]
struct ToStore<'a> {
    service: &'a str,
    account: &'a str,
    key: &'a str,
}

impl Keys {
    /// Parses the whole file. The error message contains nothing from it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        match serde_json::from_slice(bytes) {
            Ok(Version { version: VERSION }) => {}
            Ok(_) => {
                return Err(
                    "was written by another version of this program; use that version, or update this one",
                );
            }
            Err(_) => return Err(NOT_OURS),
        }
        let content: Content<Stored<'_>> = serde_json::from_slice(bytes).map_err(|_| NOT_OURS)?;
        let mut keys = BTreeMap::new();
        for Stored { service, account, key } in content.keys {
            let origin = Origin::parse(&service).ok().filter(|origin| origin.as_str() == service);
            let account = Account::stored(origin.ok_or(NOT_OURS)?, &account);
            if keys.insert(account, key).is_some() {
                return Err(NOT_OURS);
            }
        }
        Ok(Self(keys))
    }

    pub(super) fn to_json(&self) -> serde_json::Result<WipedBuffer> {
        let keys = self.0.iter().map(|(account, key)| ToStore {
            service: account.service().as_str(),
            account: account.name(),
            key: key.expose(),
        });
        let content = Content { version: VERSION, keys: keys.collect() };
        let mut json = WipedBuffer::with_capacity(4096);
        serde_json::to_writer_pretty(&mut json, &content)?;
        json.extend_from_slice(b"\n");
        Ok(json)
    }

    pub(super) fn set(&mut self, account: Account, key: ApiKey) {
        self.0.insert(account, key);
    }

    pub(super) fn take(&mut self, account: &Account) -> Option<ApiKey> {
        self.0.remove(account)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

const NOT_OURS: &str = "does not contain keys of this program; move it away, and sign in again";

/// Parses a key from the input directly, because a `String` or `Cow` would be a copy that is not wiped.
fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ApiKey, D::Error> {
    struct KeyVisitor;

    impl de::Visitor<'_> for KeyVisitor {
        type Value = ApiKey;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a key")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<ApiKey, E> {
            ApiKey::parse(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(KeyVisitor)
}
