//! `GET /key`
//!
//! Tells about the key that the request is made with. A success means that the key is good, 401 and 403 that it is
//! not; anything else says nothing about the key.
//!
//! Source: <https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key>

use http::Method;
use serde::{Deserialize, Serialize};

use serde_json::{Map, Value};

use crate::{
    Auth, Encoding, Endpoint, Nullable, Resend, Timestamp, UsageLimitType,
    by_field::{self, ByField},
    open_enum::open_enum,
};

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
    /// The organization that owns the key; null if a single account does.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub organization_id: Nullable<String>,
    /// The workspace that pays for the key's use; null if there is none any more.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub workspace_id: Nullable<String>,
    /// The regions in which the key may be used. Empty if it may be used in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_data_regions: Option<Vec<DataRegion>>,
    /// How many requests to free models the account that owns the key may make in a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_model_daily_requests: Option<FreeModelDailyRequests>,
    /// Every budget that limits the key, in the order in which OpenRouter checks them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budgets: Option<Vec<KeyBudget>>,
    /// The budget that rejects requests first; null if there is no budget.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub effective_budget: Nullable<KeyBudget>,
    /// A limit that OpenRouter no longer uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// The fields that this version does not know, and those that it could not read, as the service sent them.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

open_enum! {
    /// A region in which data may be processed.
    DataRegion {
        /// Anywhere.
        Global = "global",
        /// In Europe.
        Europe = "europe",
        /// In the United States.
        Us = "us",
    }
}

/// The daily limit on requests to free models. The count starts again at midnight, UTC.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct FreeModelDailyRequests {
    /// The limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// The number of requests that remain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<i64>,
    /// The number of requests so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<i64>,
}

/// A budget that limits a key. All amounts are in US dollars.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct KeyBudget {
    /// The layer that the budget belongs to, such as `workspace` or `key_limit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_usd: Option<f64>,
    /// The amount spent so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend_usd: Option<f64>,
    /// The amount that remains. At zero or below, requests are rejected with 403.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_usd: Option<f64>,
    /// Whether use of the owner's own provider keys (BYOK) counts toward the budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_byok: Option<bool>,
    /// How often the budget starts again, UTC; null if never.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub reset_interval: Nullable<UsageLimitType>,
    /// When the budget starts again; null if never.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub resets_at: Nullable<Timestamp>,
    /// The ID of a workspace's budget; null for others.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub budget_id: Nullable<String>,
    /// The ID of the guardrail that the budget belongs to; null for others.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub guardrail_id: Nullable<String>,
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

impl ByField for KeyInfo {
    fn keep_unread(&mut self, name: String, value: Value) {
        self.other.insert(name, value);
    }
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
        by_field::decode_data(body)
    }
}
