//! The state of the service: settings, clock, codes, keys, faults, and log.

pub(crate) mod bounded;
pub(crate) mod clock;
pub(crate) mod grant;
pub(crate) mod jwt;
pub(crate) mod key;
pub(crate) mod random;
pub(crate) mod usage;

use http::{HeaderMap, StatusCode};

use self::{
    bounded::BoundedMap,
    clock::Clock,
    grant::{Code, Grant},
    jwt::Signer,
    key::Key,
    random::Random,
};
use crate::{
    KeyError, KeyState, KeyUpdate, Settings,
    fault::Faults,
    http::{bearer, response::Rejection},
    log::Log,
};

/// The state of the service. Everything that a client can make grow is bounded.
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) signer: Signer,
    /// The ID of the only user.
    pub(crate) user_id: String,
    pub(crate) codes: BoundedMap<Code>,
    /// By hash.
    pub(crate) keys: BoundedMap<Key>,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
}

impl State {
    pub(crate) fn new(settings: Settings) -> Self {
        let mut random = Random::new();
        Self {
            settings,
            clock: Clock::default(),
            signer: Signer::new(),
            user_id: random.user_id(),
            random,
            codes: BoundedMap::new(),
            keys: BoundedMap::new(),
            faults: Faults::default(),
            log: Log::default(),
        }
    }

    /// Stores a code and returns its value.
    pub(crate) fn issue_code(&mut self, code: Code) -> String {
        let value = self.random.code();
        self.codes.insert(value.clone(), code);
        value
    }

    /// Creates a key and returns its value.
    pub(crate) fn issue_key(&mut self, grant: Grant) -> String {
        self.insert_key(grant, false)
    }

    /// Creates a management key and returns its value.
    pub(crate) fn issue_management_key(&mut self) -> String {
        self.insert_key(Grant::default(), true)
    }

    fn insert_key(&mut self, grant: Grant, is_management: bool) -> String {
        let value = self.random.key();
        let key = Key::new(&value, grant, is_management, self.clock.now());
        self.keys.insert(key.hash().to_owned(), key);
        value
    }

    /// Returns the states of all keys, oldest first.
    pub(crate) fn key_states(&self) -> Vec<KeyState> {
        let now = self.clock.now();
        self.keys.values().map(|key| key.state(now)).collect()
    }

    /// Returns the state of the key with this ID: the key itself or its hash.
    pub(crate) fn key_state(&self, id: &str) -> Option<KeyState> {
        Some(self.keys.get(&self.hash_of(id)?)?.state(self.clock.now()))
    }

    /// Changes the key with this ID, and returns its new state.
    ///
    /// # Errors
    ///
    /// If there is no such key, or the change is invalid. Then nothing changes.
    pub(crate) fn update_key(&mut self, id: &str, update: KeyUpdate) -> Result<KeyState, KeyError> {
        let now = self.clock.now();
        let key = self.key_mut(id)?;
        key.update(update)?;
        Ok(key.state(now))
    }

    /// Adds an amount to the usage of the key with this ID, and returns its new state.
    ///
    /// # Errors
    ///
    /// If there is no such key, or the amount is invalid. Then nothing changes.
    pub(crate) fn spend(&mut self, id: &str, dollars: f64) -> Result<KeyState, KeyError> {
        let now = self.clock.now();
        let key = self.key_mut(id)?;
        key.spend(dollars, now)?;
        Ok(key.state(now))
    }

    /// Revokes the key with this ID.
    ///
    /// # Errors
    ///
    /// If there is no such key.
    pub(crate) fn revoke_key(&mut self, id: &str) -> Result<(), KeyError> {
        let key = self.hash_of(id).and_then(|hash| self.keys.remove(&hash));
        key.map(drop).ok_or(KeyError::UnknownKey)
    }

    fn key_mut(&mut self, id: &str) -> Result<&mut Key, KeyError> {
        let hash = self.hash_of(id).ok_or(KeyError::UnknownKey)?;
        self.keys.get_mut(&hash).ok_or(KeyError::UnknownKey)
    }

    fn hash_of(&self, id: &str) -> Option<String> {
        [id.to_owned(), key::hash(id)].into_iter().find(|hash| self.keys.get(hash).is_some())
    }

    /// Returns the key of the `Authorization` header: a key that this emulator issued, or an access token that it
    /// signed.
    ///
    /// # Errors
    ///
    /// 401, with one of the real service's two messages.
    pub(crate) fn authenticate(&self, headers: &HeaderMap) -> Result<Key, Rejection> {
        let token = bearer::token(headers)
            .ok_or_else(|| Rejection::api(StatusCode::UNAUTHORIZED, "Missing Authentication header"))?;
        let now = self.clock.now();
        self.keys
            .get(&key::hash(token))
            .cloned()
            .or_else(|| Key::from_access_token(&self.signer, token))
            .filter(|key| key.is_valid(now))
            .ok_or_else(|| Rejection::api(StatusCode::UNAUTHORIZED, "User not found."))
    }
}
