//! The browser's cookies.

use serde::Deserialize;
use serde_json::json;

use super::Browser;
use crate::Result;

/// A cookie as the browser stored it.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The host, or with a leading dot, the domain.
    pub domain: String,
    /// The path.
    pub path: String,
    /// Whether scripts cannot read it.
    pub http_only: bool,
    /// Whether the browser sends it only over https.
    pub secure: bool,
    /// `Lax`, `Strict` or `None`, if it was set.
    pub same_site: Option<String>,
}

impl Browser {
    /// Returns the cookies that a request for `url` would have, sorted by name.
    pub async fn cookies(&self, url: &str) -> Result<Vec<Cookie>> {
        let stored = self.devtools("Network.getCookies", json!({"urls": [url]})).await?;
        let mut cookies: Vec<Cookie> = serde_json::from_value(stored["cookies"].clone())?;
        cookies.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(cookies)
    }
}
