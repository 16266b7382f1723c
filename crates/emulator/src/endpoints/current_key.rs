//! `GET /api/v1/key`, and its older name `GET /api/v1/auth/key`
//!
//! Describes the bearer key: every field that OpenRouter's document or an official SDK has. It responds with 200 even
//! if the limit is used up. The real service's response to such a key is unknown.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    LimitReset,
    http::response::{self, Rejection},
    key_state::amount,
    state::{State, clock, key::Key, usage},
};

pub(crate) fn respond(state: &State, request: &Request<Bytes>) -> Result<Response<Bytes>, Rejection> {
    let key = state.authenticate(request.headers())?;
    let now = state.clock.now();
    let key_state = key.state(now);
    let budget = budget(&key, now);
    let rate_limit = json!({
        "requests": -1,
        "interval": "10s",
        "note": "This field is deprecated and safe to ignore.",
    });
    let mut data = key_state.api_fields();
    let other_fields = [
        ("byok_usage", json!(0)),
        ("byok_usage_daily", json!(0)),
        ("byok_usage_weekly", json!(0)),
        ("byok_usage_monthly", json!(0)),
        ("include_byok_in_limit", json!(false)),
        ("is_free_tier", json!(false)),
        ("is_provisioning_key", json!(key_state.is_management_key)),
        ("creator_user_id", json!(state.user_id)),
        ("organization_id", json!(null)),
        ("workspace_id", json!(key.workspace)),
        ("allowed_data_regions", json!(["global"])),
        ("free_model_daily_requests", json!({ "limit": 50, "remaining": 50, "used": 0 })),
        ("budgets", json!(budget.as_slice())),
        ("effective_budget", json!(budget)),
        ("rate_limit", rate_limit),
    ];
    data.extend(other_fields.map(|(name, value)| (name.to_owned(), value)));
    Ok(response::json(StatusCode::OK, &json!({ "data": data })))
}

/// Returns the only budget that the emulator has: the key's own limit. Unlike `limit_remaining`, `remaining_usd` can be
/// negative.
fn budget(key: &Key, now: Timestamp) -> Option<Value> {
    let limit = key.limit?;
    let spent = key.spent_toward_limit(now);
    let resets_at = key.limit_reset.and_then(|reset| reset.next_reset(now));
    Some(json!({
        "scope": "key_limit",
        "limit_usd": amount(limit),
        "spend_usd": amount(spent),
        "remaining_usd": amount(usage::remaining(limit, spent)),
        "include_byok": false,
        "reset_interval": key.limit_reset.map(LimitReset::name),
        "resets_at": resets_at.map(clock::rfc3339),
        "budget_id": null,
        "guardrail_id": null,
    }))
}
