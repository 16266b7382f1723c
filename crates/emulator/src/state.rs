//! The state of the service: settings, clock, codes, keys, faults, and log.

pub(crate) mod bounded;
pub(crate) mod clock;
pub(crate) mod grant;
pub(crate) mod jwt;
pub(crate) mod random;

use http::{HeaderMap, StatusCode};

use self::{
    bounded::BoundedMap,
    clock::Clock,
    grant::{Code, Grant, Key},
    jwt::Signer,
    random::Random,
};
use crate::{
    Settings,
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
        self.insert_key(Key { grant, is_management: false })
    }

    /// Creates a management key and returns its value.
    pub(crate) fn issue_management_key(&mut self) -> String {
        let grant = Grant { label: Some("Issued by the emulator".to_owned()), ..Grant::default() };
        self.insert_key(Key { grant, is_management: true })
    }

    fn insert_key(&mut self, key: Key) -> String {
        let value = self.random.key();
        self.keys.insert(value.clone(), key);
        value
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
            .get(token)
            .cloned()
            .or_else(|| Key::from_access_token(&self.signer, token))
            .filter(|key| key.grant.expires_at.is_none_or(|expires_at| expires_at > now))
            .ok_or_else(|| Rejection::api(StatusCode::UNAUTHORIZED, "User not found."))
    }
}
