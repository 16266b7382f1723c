//! The id of a federation policy.

use crate::text::{FromText, InvalidValue, check, plain_text};

plain_text! {
    /// The id of a policy that says whose tokens are accepted: 1 to 256 visible ASCII characters. Treat it as opaque.
    #[doc(alias = "federation_policy_id")]
    FederationPolicyId
}

impl FromText for FederationPolicyId {
    const WHAT: &'static str = "federation policy id";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        let only = "may hold only visible ASCII characters, without spaces";
        check(Self::WHAT, text, 256, |byte| byte.is_ascii_graphic(), only)?;
        Ok(Self(Box::from(text)))
    }
}
