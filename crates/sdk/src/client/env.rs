//! Settings from environment variables.

use std::env::{self, VarError};

use openrouter_oauth_models::{ApiKey, InvalidValue};
use zeroize::Zeroizing;

use crate::{
    attribution::{Attribution, text_header},
    base_url::BaseUrl,
};

/// The settings from environment variables, after validation.
pub(super) struct Environment {
    pub(super) key: Option<ApiKey>,
    pub(super) base_url: Option<String>,
    pub(super) attribution: Attribution,
}

impl Environment {
    pub(super) fn read() -> Result<Self, InvalidValue> {
        let key = match API_KEY.read()?.map(Zeroizing::new) {
            Some(key) => Some(ApiKey::parse(key.trim()).map_err(|error| API_KEY.invalid(&error))?),
            None => None,
        };
        let base_url = BASE_URL.read()?;
        if let Some(url) = &base_url {
            BaseUrl::parse(url).map_err(|error| BASE_URL.invalid(&error))?;
        }
        let text = |variable: Variable| match variable.read()? {
            Some(value) => text_header(variable.what, &value).map(|_| Some(value)),
            None => Ok(None),
        };
        let attribution =
            Attribution { referer: text(REFERER)?, title: text(TITLE)?, categories: text(CATEGORIES)? };
        Ok(Self { key, base_url, attribution })
    }
}

/// An environment variable.
struct Variable {
    name: &'static str,
    /// The variable's name in errors.
    what: &'static str,
}

macro_rules! variable {
    ($name:literal) => {
        Variable { name: $name, what: concat!("variable ", $name) }
    };
}

// The official TypeScript SDK uses the same names.
const API_KEY: Variable = variable!("OPENROUTER_API_KEY");
const BASE_URL: Variable = variable!("OPENROUTER_BASE_URL");
const REFERER: Variable = variable!("OPENROUTER_HTTP_REFERER");
const TITLE: Variable = variable!("OPENROUTER_APP_TITLE");
const CATEGORIES: Variable = variable!("OPENROUTER_APP_CATEGORIES");

impl Variable {
    /// Returns the value, or `None` if the variable is unset or empty.
    fn read(&self) -> Result<Option<String>, InvalidValue> {
        match env::var(self.name) {
            Ok(value) if value.is_empty() => Ok(None),
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(InvalidValue::new(self.what, "is not Unicode")),
        }
    }

    /// Returns the same error with the name of this variable.
    fn invalid(&self, error: &InvalidValue) -> InvalidValue {
        InvalidValue::new(self.what, error.problem())
    }
}
