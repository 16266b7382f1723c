//! The error of a builder.

use std::fmt;

use openrouter_oauth::InvalidValue;

/// The error of [`SignInBuilder::build`](crate::SignInBuilder::build): every invalid setting.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuildError(Vec<InvalidValue>);

impl BuildError {
    pub(crate) fn new(problems: Vec<InvalidValue>) -> Self {
        Self(problems)
    }

    /// Returns the problems. There is at least one.
    pub fn problems(&self) -> &[InvalidValue] {
        &self.0
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sign-in is misconfigured")?;
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildError {}
