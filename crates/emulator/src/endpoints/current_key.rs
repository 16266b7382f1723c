//! `GET /api/v1/key`, and its older name `GET /api/v1/auth/key`
//!
//! Describes the bearer key. The emulator never spends anything, so the whole limit remains.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::json;

use crate::{
    http::response::{self, Rejection},
    state::{State, clock},
};

pub(crate) fn respond(state: &State, request: &Request<Bytes>) -> Result<Response<Bytes>, Rejection> {
    let key = state.authenticate(request.headers())?;
    let grant = key.grant;
    let data = json!({
        "label": grant.label,
        "limit": grant.limit,
        "limit_remaining": grant.limit,
        "limit_reset": grant.limit_reset,
        "expires_at": grant.expires_at.map(clock::rfc3339),
        "usage": 0,
        "usage_daily": 0,
        "usage_weekly": 0,
        "usage_monthly": 0,
        "byok_usage": 0,
        "byok_usage_daily": 0,
        "byok_usage_weekly": 0,
        "byok_usage_monthly": 0,
        "include_byok_in_limit": false,
        "is_free_tier": false,
        "is_management_key": key.is_management,
        "is_provisioning_key": key.is_management,
        "creator_user_id": state.user_id,
        "organization_id": null,
        "workspace_id": grant.workspace,
        "allowed_data_regions": ["global"],
        "free_model_daily_requests": { "limit": 50, "remaining": 50, "used": 0 },
        "budgets": [],
        "effective_budget": null,
        "rate_limit": {
            "requests": -1,
            "interval": "10s",
            "note": "This field is deprecated and safe to ignore.",
        },
    });
    Ok(response::json(StatusCode::OK, &json!({ "data": data })))
}
