//! The id of a workspace.

use crate::text::{FromText, InvalidValue, plain_text};

plain_text! {
    /// The id of a workspace at OpenRouter: a UUID (RFC 9562), as 8-4-4-4-12 hexadecimal digits.
    WorkspaceId
}

impl FromText for WorkspaceId {
    const WHAT: &'static str = "workspace id";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_uuid = text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.split('-').all(digits);
        if is_uuid { Ok(Self(Box::from(text))) } else { Err(InvalidValue::new(Self::WHAT, "is not a UUID")) }
    }
}
