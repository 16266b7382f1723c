//! The label of a key.

use crate::{
    server_text::is_hidden,
    text::{FromText, InvalidValue, plain_text},
};

plain_text! {
    /// The name under which a key stands on the user's list: 1 to 100 characters, none of them a control character or
    /// invisible, except for the joiners that emoji and some scripts need.
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
        if text.chars().any(is_hidden) {
            return invalid("must not contain control characters or invisible characters");
        }
        Ok(Self(Box::from(text)))
    }
}
