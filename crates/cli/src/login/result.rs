//! What `login` writes to standard output.

use serde::Serialize;

use crate::{exit::Failure, output::Output};

/// The result of `login`.
#[derive(Serialize)]
pub(super) struct LoginResult<'a> {
    pub(super) is_new: bool,
    pub(super) user_id: Option<&'a str>,
    pub(super) label: Option<&'a str>,
    pub(super) store: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<&'a str>,
    /// The page where the user can delete the key that was stored before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous: Option<&'a str>,
}

impl LoginResult<'_> {
    /// Writes the result. As text, it is only the key, if there is one to print.
    pub(super) fn write(&self, output: Output) -> Result<(), Failure> {
        match self.key {
            Some(key) => output.result(self, key),
            None if output.is_json() => Output::json(self),
            None => Ok(()),
        }
    }
}
