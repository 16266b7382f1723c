//! The IDs that OpenRouter gives to workspaces and federation policies.

use crate::text::{FromText, InvalidValue, check, plain_text};

plain_text! {
    /// The ID of a workspace at OpenRouter: a UUID (RFC 9562), as 8-4-4-4-12 hexadecimal digits.
    WorkspaceId
}

plain_text! {
    /// The ID of a federation policy, which lists whose tokens are accepted: 1 to 256 visible ASCII characters. Treat it as
    /// opaque.
    #[doc(alias = "federation_policy_id")]
    FederationPolicyId
}

impl FromText for WorkspaceId {
    const WHAT: &'static str = "workspace id";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_uuid = text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.split('-').all(digits);
        if is_uuid { Ok(Self(Box::from(text))) } else { Err(InvalidValue::new(Self::WHAT, "is not a UUID")) }
    }
}

impl FromText for FederationPolicyId {
    const WHAT: &'static str = "federation policy id";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        let only = "may hold only visible ASCII characters, without spaces";
        check(Self::WHAT, text, 256, |byte| byte.is_ascii_graphic(), only)?;
        Ok(Self(Box::from(text)))
    }
}
