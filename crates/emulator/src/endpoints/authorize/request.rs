//! The request in an authorize URL.

use crate::{Settings, callback_url::CallbackUrl, http::params::Params, pkce::Challenge, state::grant};

/// An application's request for a key (RFC 6749, section 4.1.1).
pub(super) struct AuthorizationRequest {
    /// Where to redirect the browser. Without it, the page shows the code.
    pub(super) callback_url: Option<CallbackUrl>,
    pub(super) challenge: Option<Challenge>,
    pub(super) label: Option<String>,
    pub(super) workspace: Option<String>,
    pub(super) state: Option<String>,
}

impl AuthorizationRequest {
    pub(super) fn parse(params: &Params<'_>, settings: &Settings) -> Result<Self, &'static str> {
        let callback_url =
            params.get("callback_url").map(|url| CallbackUrl::parse(url, settings)).transpose()?;
        let challenge = Challenge::parse(params.get("code_challenge"), params.get("code_challenge_method"))?;
        if callback_url.is_none() && challenge.is_none() {
            return Err("Invalid code_challenge: it is required without a callback_url");
        }
        let label = params.get("key_label");
        label.map_or(Ok(()), grant::check_label)?;
        let [proposed, required] = ["workspace_id", "required_workspace_id"].map(|name| params.get(name));
        for workspace in [proposed, required] {
            workspace.map_or(Ok(()), grant::check_workspace)?;
        }
        Ok(Self {
            callback_url,
            challenge,
            label: label.map(str::to_owned),
            // If both are present, the required one wins (inferred).
            workspace: required.or(proposed).map(str::to_owned),
            state: params.get("state").map(str::to_owned),
        })
    }

    /// Returns the application's name, as the user sees it.
    pub(super) fn app_name(&self) -> &str {
        self.callback_url.as_ref().map_or("An application on your computer", CallbackUrl::app_name)
    }
}

/// Parses the credit limit, in US dollars.
pub(super) fn parse_limit(params: &Params<'_>) -> Result<Option<f64>, &'static str> {
    let Some(text) = params.get("limit") else {
        return Ok(None);
    };
    let limit = text.trim().parse().unwrap_or(f64::NAN);
    grant::check_limit(limit).map(|()| Some(limit))
}

/// The parameters that the form carries in hidden fields. `limit` is a visible field.
pub(super) const HIDDEN_FIELDS: [&str; 7] = [
    "code_challenge",
    "code_challenge_method",
    "callback_url",
    "key_label",
    "state",
    "workspace_id",
    "required_workspace_id",
];
