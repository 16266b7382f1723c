//! The label of a key.

use crate::text::{FromText, InvalidValue, plain_text};

plain_text! {
    /// A key's label, its name in the user's list of keys: 1 to 100 characters, without control characters.
    ///
    /// By default, OpenRouter uses the name of the app. For a program on the user's machine, that is `host:port`.
    #[doc(alias = "key_label")]
    KeyLabel
}

impl FromText for KeyLabel {
    const WHAT: &'static str = "key label";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |problem| Err(InvalidValue::new(Self::WHAT, problem));
        if text.trim().is_empty() {
            return invalid("is empty");
        }
        if text.chars().nth(100).is_some() {
            return invalid("is longer than 100 characters");
        }
        if text.chars().any(char::is_control) {
            return invalid("must not contain control characters");
        }
        Ok(Self(Box::from(text)))
    }
}
