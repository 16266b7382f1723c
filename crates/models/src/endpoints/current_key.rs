//! `GET /key`
//!
//! Returns the details of the key that the request is sent with. A success means that the key is valid. A 401 in one of
//! OpenRouter's error bodies means that it is not. Any other response does not show whether it is.
//!
//! Source: <https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key>

use http::Method;
use serde::{Deserialize, Serialize};

use crate::{
    Auth, Encoding, Endpoint, Nullable, OtherFields, Resend, Timestamp, UsageLimitType,
    by_field::{self, ByField},
    open_enum::open_enum,
};

/// A request for the details of the key that it is sent with.
#[doc(alias = "getCurrentKey")]
#[doc(alias = "GetCurrentKeyMetadata")]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CurrentKey {}

/// A key's label, limits, and usage. All amounts are in US dollars.
///
/// Every field is optional, because the service adds and removes fields.
#[doc(alias = "GetCurrentKeyData")]
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct KeyInfo {
    /// The key's label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The key's credit limit. `null` if it has none.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub limit: Nullable<f64>,
    /// The amount left of the key's own limit, not the balance of the account. `null` if the key has no limit.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub limit_remaining: Nullable<f64>,
    /// How often the limit resets. `null` if never.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub limit_reset: Nullable<UsageLimitType>,
    /// Whether usage of the owner's own provider keys (BYOK) counts toward the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_byok_in_limit: Option<bool>,
    /// The total spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<f64>,
    /// The amount spent today, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_daily: Option<f64>,
    /// The amount spent this week, since Monday, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_weekly: Option<f64>,
    /// The amount spent this month, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_monthly: Option<f64>,
    /// The total spent with the owner's own provider keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byok_usage: Option<f64>,
    /// The amount spent with the owner's provider keys today, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byok_usage_daily: Option<f64>,
    /// The amount spent with the owner's provider keys this week, since Monday, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byok_usage_weekly: Option<f64>,
    /// The amount spent with the owner's provider keys this month, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byok_usage_monthly: Option<f64>,
    /// Whether the key is on the free tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_free_tier: Option<bool>,
    /// Whether the key can manage other keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_management_key: Option<bool>,
    /// The older name of [`is_management_key`](Self::is_management_key).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_provisioning_key: Option<bool>,
    /// The ID of the user who created the key. It proves nothing about the user who presents the key: never look up,
    /// create, or sign in a user by it. The threat model of `openrouter-oauth-web` describes the attack.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub creator_user_id: Nullable<String>,
    /// When the key expires. `null` if never.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub expires_at: Nullable<Timestamp>,
    /// The ID of the organization that owns the key. `null` if a user owns it.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub organization_id: Nullable<String>,
    /// The ID of the workspace that the key spends in. `null` if the workspace no longer exists.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub workspace_id: Nullable<String>,
    /// The data regions that the key may use. Empty if no region is permitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_data_regions: Option<Vec<DataRegion>>,
    /// The daily quota for free models of the account that owns the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_model_daily_requests: Option<FreeModelDailyRequests>,
    /// All budgets that limit the key, in the order in which OpenRouter checks them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budgets: Option<Vec<KeyBudget>>,
    /// The budget that rejects requests first. `null` if there is no budget.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub effective_budget: Nullable<KeyBudget>,
    /// A rate limit that OpenRouter no longer uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// Fields that this version does not know or could not read, as the service sent them. Values nested more than 100
    /// levels deep and numbers that do not fit `f64` may be missing.
    #[serde(flatten)]
    pub other: OtherFields,
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

/// The number of requests to free models that an account may send per day (UTC).
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct FreeModelDailyRequests {
    /// The most requests per day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// The number of requests that remain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<i64>,
    /// The number of requests sent today.
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
    /// How often the spend resets to zero, in UTC. `null` if never.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub reset_interval: Nullable<UsageLimitType>,
    /// When the spend next resets to zero. `null` if never.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub resets_at: Nullable<Timestamp>,
    /// The ID of a workspace budget. `null` for other budgets.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub budget_id: Nullable<String>,
    /// The ID of the guardrail that sets the budget. `null` for other budgets.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub guardrail_id: Nullable<String>,
}

/// A rate limit that OpenRouter no longer uses.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct RateLimit {
    /// The number of requests. Currently -1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<i64>,
    /// The interval that the number applies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// A note that this limit can be ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl ByField for KeyInfo {
    fn keep_unread(&mut self, name: String, json: &str) {
        // serde_json limits the nesting to 128 levels.
        let json = Some(json).filter(|json| !by_field::misleads_serde_json(json));
        if let Some(value) = json.and_then(|json| serde_json::from_str(json).ok()) {
            self.other.insert(name, value);
        }
    }
}

impl CurrentKey {
    /// Creates the request.
    pub fn new() -> Self {
        Self {}
    }
}

impl Endpoint for CurrentKey {
    type Response = KeyInfo;
    const OPERATION: &'static str = "getCurrentKey";
    const ACTIVITY: &'static str = "looking up the key";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/key";
    const AUTH: Auth = Auth::Bearer;
    const ENCODING: Encoding = Encoding::Empty;
    const RESEND: Resend = Resend::Always;

    fn decode(body: &[u8]) -> serde_json::Result<KeyInfo> {
        by_field::decode_data(body)
    }
}
