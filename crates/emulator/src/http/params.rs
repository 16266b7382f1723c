//! The parameters of a query or a form.

use std::borrow::Cow;

/// Parameters by name, each at most once.
///
/// A parameter without a value counts as omitted (RFC 6749, section 3.1).
#[derive(Debug)]
pub(crate) struct Params<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Params<'a> {
    /// Reads `application/x-www-form-urlencoded` text.
    ///
    /// # Errors
    ///
    /// If a parameter appears twice, which makes its value ambiguous, or if there are more than 64 parameters.
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, String> {
        let mut params = Self(Vec::new());
        for (name, value) in form_urlencoded::parse(text) {
            if params.0.len() == 64 {
                return Err("there are too many parameters".to_owned());
            }
            if params.0.iter().any(|(known, _)| *known == name) {
                let name: String = name.chars().take(40).collect();
                return Err(format!("{name} appears more than once"));
            }
            params.0.push((name, value));
        }
        Ok(params)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value.as_ref()).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_needs_a_value_and_appears_once() {
        let params = Params::parse(b"a=1&b=&c").unwrap();
        assert_eq!([params.get("a"), params.get("b"), params.get("c")], [Some("1"), None, None]);
        assert_eq!(Params::parse(b"a=1&a=").unwrap_err(), "a appears more than once");
    }
}
