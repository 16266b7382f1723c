//! A key, from its creation on.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    clock,
    grant::{self, Grant},
    jwt::Signer,
    usage::{self, Usage},
};
use crate::{KeyError, KeyState, KeyUpdate, LimitReset};

/// A key that was issued. The emulator keeps only its hash.
#[derive(Clone)]
pub(crate) struct Key {
    hash: String,
    label: String,
    pub(crate) limit: Option<f64>,
    pub(crate) limit_reset: Option<LimitReset>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) workspace: Option<String>,
    created_at: Timestamp,
    is_management: bool,
    usage: Usage,
}

impl Key {
    /// Creates the key with this value.
    pub(crate) fn new(value: &str, grant: Grant, is_management: bool, created_at: Timestamp) -> Self {
        Self {
            hash: hash(value),
            label: grant.label.unwrap_or_else(|| masked(value)),
            limit: grant.limit,
            limit_reset: grant.limit_reset,
            expires_at: grant.expires_at,
            workspace: grant.workspace,
            created_at,
            is_management,
            usage: Usage::new(),
        }
    }

    /// Reads an access token that `signer` signed.
    pub(super) fn from_access_token(signer: &Signer, token: &str) -> Option<Self> {
        let claims = signer.verify(token)?;
        let time = |name| Timestamp::from_second(claims.get(name)?.as_i64()?).ok();
        let label = claims.get("sub").and_then(Value::as_str).map(str::to_owned);
        let scope = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
        let is_management = scope.split(' ').any(|scope| scope == "management");
        let grant = Grant { label, expires_at: Some(time("exp")?), ..Grant::default() };
        Some(Self::new(token, grant, is_management, time("iat")?))
    }

    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    pub(crate) fn is_valid(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| expires_at > now)
    }

    /// Changes the key, or nothing if there is an error.
    pub(crate) fn update(&mut self, update: KeyUpdate) -> Result<(), KeyError> {
        let KeyUpdate { label, limit, limit_reset, expires_at } = update;
        if label.as_deref().is_some_and(|label| grant::check_label(label).is_err()) {
            return Err(KeyError::InvalidLabel);
        }
        // `-0.0` has a sign, which no amount of money has.
        if limit.flatten().is_some_and(|limit| grant::check_limit(limit).is_err() || limit.is_sign_negative())
        {
            return Err(KeyError::InvalidLimit);
        }
        self.label = label.unwrap_or_else(|| std::mem::take(&mut self.label));
        self.limit = limit.unwrap_or(self.limit);
        self.limit_reset = limit_reset.unwrap_or(self.limit_reset);
        if let Some(expires_at) = expires_at {
            self.expires_at = expires_at.map(|time| time.max(Timestamp::UNIX_EPOCH));
        }
        Ok(())
    }

    /// Adds an amount to the usage, or nothing if there is an error.
    pub(crate) fn spend(&mut self, dollars: f64, now: Timestamp) -> Result<(), KeyError> {
        let usage = self.usage.clone().after_spending(dollars, now);
        self.usage = usage.ok_or(KeyError::InvalidSpend)?;
        Ok(())
    }

    /// Returns the amount that counts toward the limit, in dollars.
    pub(crate) fn spent_toward_limit(&self, now: Timestamp) -> f64 {
        match self.limit_reset {
            Some(reset) => self.usage.within(reset, now),
            None => self.usage.total(),
        }
    }

    pub(crate) fn state(&self, now: Timestamp) -> KeyState {
        let spent = self.spent_toward_limit(now);
        KeyState {
            hash: self.hash.clone(),
            label: self.label.clone(),
            limit: self.limit,
            limit_remaining: self.limit.map(|limit| usage::remaining(limit, spent).max(0.0)),
            limit_reset: self.limit_reset,
            usage: self.usage.total(),
            usage_daily: self.usage.within(LimitReset::Daily, now),
            usage_weekly: self.usage.within(LimitReset::Weekly, now),
            usage_monthly: self.usage.within(LimitReset::Monthly, now),
            expires_at: self.expires_at.map(clock::to_system_time),
            created_at: clock::to_system_time(self.created_at),
            is_management_key: self.is_management,
        }
    }
}

/// Returns the lowercase hexadecimal SHA-256 of a key.
pub(crate) fn hash(key: &str) -> String {
    Sha256::digest(key).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Masks a key as OpenRouter does: `sk-or-v1-0e6...1c96`.
fn masked(key: &str) -> String {
    let start = key.get(.."sk-or-v1-".len() + 3).unwrap_or_default();
    let end = key.len().checked_sub(4).and_then(|start| key.get(start..)).unwrap_or_default();
    format!("{start}...{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_key_shows_seven_digits() {
        let key = format!("sk-or-v1-0e6{}1c96", "f".repeat(57));
        assert_eq!(masked(&key), "sk-or-v1-0e6...1c96");
        assert_eq!(masked("é"), "...");
    }

    #[test]
    fn hash_is_lowercase_hexadecimal_sha_256() {
        // FIPS 180-4's example.
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
