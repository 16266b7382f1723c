//! `GET /key`
//!
//! Tells about the key that the request is made with. A success means that the key is good, 401 and 403 that it is
//! not; anything else says nothing about the key.
//!
//! Source: <https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key>

use http::Method;
use serde::{Deserialize, Serialize};

use crate::{Auth, Data, Encoding, Endpoint, Nullable, Resend, Timestamp, UsageLimitType};

/// Tells about the key that the request is made with.
#[doc(alias = "getCurrentKey")]
#[doc(alias = "GetCurrentKeyMetadata")]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CurrentKey {}

/// A key's name, limits and use. All amounts are in US dollars.
///
/// Every field may be missing: the service adds some and drops others.
#[doc(alias = "GetCurrentKeyData")]
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct KeyInfo {
    /// The name of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What the key may spend; null if there is no limit.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub limit: Nullable<f64>,
    /// What is left of the key's own limit, which is not the balance of the account; null if there is no limit.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub limit_remaining: Nullable<f64>,
    /// How often the limit starts anew; null if never.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub limit_reset: Nullable<UsageLimitType>,
    /// Whether use of the owner's own provider keys (BYOK) counts toward the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_byok_in_limit: Option<bool>,
    /// What was spent in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<f64>,
    /// What was spent on this day, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_daily: Option<f64>,
    /// What was spent in this week, from Monday, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_weekly: Option<f64>,
    /// What was spent in this month, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_monthly: Option<f64>,
    /// What was spent with the owner's own provider keys in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byok_usage: Option<f64>,
    /// What was spent with them on this day, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byok_usage_daily: Option<f64>,
    /// What was spent with them in this week, from Monday, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byok_usage_weekly: Option<f64>,
    /// What was spent with them in this month, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byok_usage_monthly: Option<f64>,
    /// Whether it is a key of the free tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_free_tier: Option<bool>,
    /// Whether it may manage other keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_management_key: Option<bool>,
    /// The older name of [`is_management_key`](Self::is_management_key).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_provisioning_key: Option<bool>,
    /// The user who made the key.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub creator_user_id: Nullable<String>,
    /// When the key ends; null if it does not.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub expires_at: Nullable<Timestamp>,
    /// Of no use any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
}

/// A limit that OpenRouter no longer uses.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct RateLimit {
    /// How many requests; -1 today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<i64>,
    /// In which time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// That this may be ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl CurrentKey {
    /// Tells about the key that the request is made with.
    pub fn new() -> Self {
        Self {}
    }
}

impl Endpoint for CurrentKey {
    type Response = KeyInfo;
    const OPERATION: &'static str = "getCurrentKey";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/key";
    const AUTH: Auth = Auth::Bearer;
    const ENCODING: Encoding = Encoding::Empty;
    const RESEND: Resend = Resend::Always;

    fn decode(body: &[u8]) -> serde_json::Result<KeyInfo> {
        Data::decode(body)
    }
}
