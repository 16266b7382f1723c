//! Whose key it is.

use openrouter_oauth::{Client, InvalidValue, Origin};

/// Whose key it is: the service that issued it, and a name for those who have several.
///
/// The service is the client's own word for the one it calls, so that no key is found for another:
///
/// ```
/// use openrouter_oauth::Client;
/// use openrouter_oauth_login::Account;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder().base_url("https://OpenRouter.ai:443/api/v1").build()?;
/// let account = Account::new(&client).named("work")?;
/// assert_eq!((account.service().as_str(), account.name()), ("https://openrouter.ai", "work"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Account {
    service: Origin,
    name: Box<str>,
}

impl Account {
    /// The account of those who have only one at the service of `client`. Its name is `default`.
    pub fn new(client: &Client) -> Self {
        Self { service: client.origin().clone(), name: "default".into() }
    }

    /// The account with this name at the same service: 1 to 100 characters, without control characters and without spaces
    /// around it. Names are told apart byte by byte.
    ///
    /// # Errors
    ///
    /// If it is not such a name.
    pub fn named(self, name: &str) -> Result<Self, InvalidValue> {
        let invalid = |problem| Err(InvalidValue::new("name of the account", problem));
        if name.is_empty() {
            return invalid("is empty");
        }
        if name.trim() != name {
            return invalid("may not begin or end with a space");
        }
        if name.chars().nth(100).is_some() {
            return invalid("is longer than 100 characters");
        }
        if name.chars().any(char::is_control) {
            return invalid("may not hold control characters");
        }
        Ok(Self { name: name.into(), ..self })
    }

    /// An account that was stored.
    pub(super) fn stored(service: Origin, name: &str) -> Self {
        Self { service, name: name.into() }
    }

    /// The service: its scheme, host and port.
    pub fn service(&self) -> &Origin {
        &self.service
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
