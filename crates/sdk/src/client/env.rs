//! Settings from environment variables.

use std::env::{self, VarError};

use openrouter_oauth_models::{ApiKey, InvalidValue};
use zeroize::Zeroizing;

use crate::attribution::{Attribution, text_header};

/// The settings from environment variables, after validation, except for the base URL.
pub(super) struct Environment {
    pub(super) key: Option<ApiKey>,
    /// Not checked yet: see [`invalid_base_url`].
    pub(super) base_url: Option<String>,
    pub(super) attribution: Attribution,
}

impl Environment {
    pub(super) fn read() -> Result<Self, InvalidValue> {
        let key = match API_KEY.read()?.map(Zeroizing::new) {
            Some(key) => Some(parse_key(key.trim())?),
            None => None,
        };
        let base_url = BASE_URL.read()?;
        let text = |variable: Variable| match variable.read()? {
            Some(value) => text_header(variable.what, &value).map(|_| Some(value)),
            None => Ok(None),
        };
        let attribution =
            Attribution { referer: text(REFERER)?, title: text(TITLE)?, categories: text(CATEGORIES)? };
        Ok(Self { key, base_url, attribution })
    }
}

/// Returns the error for the base URL in the environment. `build` checks the URL, because it depends on the host that
/// the program named for plain `http`.
pub(super) fn invalid_base_url(error: &InvalidValue) -> InvalidValue {
    BASE_URL.invalid(error)
}

/// Parses the key in the environment. A key may contain any visible character, but quotes around it come from a file that
/// no shell read, such as the `--env-file` of a container.
fn parse_key(text: &str) -> Result<ApiKey, InvalidValue> {
    const QUOTES: [char; 3] = ['"', '\'', '`'];

    if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
        return Err(InvalidValue::new(
            API_KEY.what,
            "is in quotes, which are not part of a key; remove them",
        ));
    }
    ApiKey::parse(text).map_err(|error| API_KEY.invalid(&error))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_key_is_rejected() {
        for text in [r#""sk-or-v1-x""#, "'sk-or-v1-x'", "`sk-or-v1-x`", r#"sk-or-v1-x""#, "'sk-or-v1-x"] {
            let error = parse_key(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the variable OPENROUTER_API_KEY is in quotes, which are not part of a key; remove them"
            );
        }
        assert_eq!(parse_key("sk-or-v1-x").unwrap().expose(), "sk-or-v1-x");
    }
}
