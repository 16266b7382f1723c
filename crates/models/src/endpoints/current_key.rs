//! `GET /key`
//!
//! Returns the details of the key that the request is sent with. A success means that the key is valid. 401 and 403
//! mean that it is not. No other response proves either.
//!
//! Source: <https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key>

use http::Method;
use serde::{Deserialize, Serialize};

use crate::{Auth, Data, Encoding, Endpoint, Nullable, Resend, Timestamp, UsageLimitType};

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
    /// The ID of the user who created the key.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub creator_user_id: Nullable<String>,
    /// When the key expires. `null` if never.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub expires_at: Nullable<Timestamp>,
    /// A rate limit that OpenRouter no longer uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
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
        Data::decode(body)
    }
}
