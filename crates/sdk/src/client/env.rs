//! The settings in the environment's variables.

use openrouter_oauth_models::{ApiKey, InvalidValue};
use zeroize::Zeroizing;

use crate::{
    attribution::{Attribution, text_header},
    base_url::BaseUrl,
};

/// The settings in the environment's variables, each checked.
pub(super) struct Environment {
    pub(super) key: Option<ApiKey>,
    pub(super) base_url: Option<String>,
    pub(super) attribution: Attribution,
}

impl Environment {
    pub(super) fn read() -> Result<Self, InvalidValue> {
        let key = match variable(API_KEY)?.map(Zeroizing::new) {
            Some(key) => Some(ApiKey::parse(key.trim()).map_err(in_variable(API_KEY))?),
            None => None,
        };
        let base_url = variable(BASE_URL)?;
        if let Some(url) = &base_url {
            BaseUrl::parse(url).map_err(in_variable(BASE_URL))?;
        }
        let text = |what| match variable(what)? {
            Some(value) => text_header(what, &value).map(|_| Some(value)),
            None => Ok(None),
        };
        let attribution =
            Attribution { referer: text(REFERER)?, title: text(TITLE)?, categories: text(CATEGORIES)? };
        Ok(Self { key, base_url, attribution })
    }
}

/// Names the variable that has an invalid value.
fn in_variable(name: &'static str) -> impl Fn(InvalidValue) -> InvalidValue {
    move |error| InvalidValue::new(name, error.problem())
}

/// How an error names each variable. The names are those of the official TypeScript SDK.
const API_KEY: &str = "variable OPENROUTER_API_KEY";
const BASE_URL: &str = "variable OPENROUTER_BASE_URL";
const REFERER: &str = "variable OPENROUTER_HTTP_REFERER";
const TITLE: &str = "variable OPENROUTER_APP_TITLE";
const CATEGORIES: &str = "variable OPENROUTER_APP_CATEGORIES";

/// The value of a variable, or `None` if it is unset or empty.
fn variable(what: &'static str) -> Result<Option<String>, InvalidValue> {
    match std::env::var(what.trim_start_matches("variable ")) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(InvalidValue::new(what, "is not Unicode")),
    }
}
