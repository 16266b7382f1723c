//! The account that a key belongs to.

use openrouter_oauth::{Client, InvalidValue, Origin};

/// The account that a key belongs to: the service that issued the key, and a name that tells several accounts apart.
///
/// The service is the [`Origin`] that the client calls, so that a store never returns the key of another service:
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
    /// Returns the account named `default` at the service of `client`, for users with a single account.
    pub fn new(client: &Client) -> Self {
        Self { service: client.origin().clone(), name: "default".into() }
    }

    /// Returns the account with this name at the same service. A name has 1 to 100 characters, no control characters,
    /// and no spaces around it. Names are compared byte by byte.
    ///
    /// # Errors
    ///
    /// Returns an error if `name` is not a valid name.
    pub fn named(self, name: &str) -> Result<Self, InvalidValue> {
        let invalid = |problem| Err(InvalidValue::new("account name", problem));
        if name.is_empty() {
            return invalid("is empty");
        }
        if name.trim() != name {
            return invalid("must not begin or end with a space");
        }
        if name.chars().nth(100).is_some() {
            return invalid("is longer than 100 characters");
        }
        if name.chars().any(char::is_control) {
            return invalid("must not contain control characters");
        }
        Ok(Self { name: name.into(), ..self })
    }

    /// Returns an account as it was stored.
    pub(super) fn stored(service: Origin, name: &str) -> Self {
        Self { service, name: name.into() }
    }

    /// Returns the service: its scheme, host, and port.
    pub fn service(&self) -> &Origin {
        &self.service
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
