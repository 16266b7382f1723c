//! The IDs of workspaces and federation policies.

use crate::text::{FromText, InvalidValue, check, plain_text};

plain_text! {
    /// The ID of an OpenRouter workspace: a UUID (RFC 9562) as 8-4-4-4-12 hexadecimal digits.
    WorkspaceId
}

plain_text! {
    /// The ID of a federation policy: 1 to 256 visible ASCII characters. Treat it as opaque.
    ///
    /// The policy lists the identity providers whose tokens OpenRouter accepts.
    #[doc(alias = "federation_policy_id")]
    FederationPolicyId
}

impl FromText for WorkspaceId {
    const WHAT: &'static str = "workspace ID";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_uuid = text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.split('-').all(digits);
        if is_uuid { Ok(Self(Box::from(text))) } else { Err(InvalidValue::new(Self::WHAT, "is not a UUID")) }
    }
}

impl FromText for FederationPolicyId {
    const WHAT: &'static str = "federation policy ID";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        let only = "may contain only visible ASCII characters, without spaces";
        check(Self::WHAT, text, 256, |byte| byte.is_ascii_graphic(), only)?;
        Ok(Self(Box::from(text)))
    }
}
