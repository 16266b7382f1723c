//! Changes of a key.

use std::time::SystemTime;

use jiff::Timestamp;

use crate::LimitReset;

/// A change of a key, for [`Emulator::update_key`](crate::Emulator::update_key). Fields that are not set keep their
/// values.
///
/// ```
/// use openrouter_oauth_emulator::{KeyUpdate, LimitReset};
///
/// let limit = KeyUpdate::new().limit(5.0).limit_reset(LimitReset::Daily);
/// let expire_now = KeyUpdate::new().expired();
/// let never_expire = KeyUpdate::new().expires_at(None);
/// ```
#[expect(clippy::option_option, reason = "the outer one is an omission, the inner one `null`")]
#[must_use]
#[derive(Clone, Debug, Default)]
pub struct KeyUpdate {
    pub(crate) label: Option<String>,
    pub(crate) limit: Option<Option<f64>>,
    pub(crate) limit_reset: Option<Option<LimitReset>>,
    pub(crate) expires_at: Option<Option<Timestamp>>,
}

impl KeyUpdate {
    /// Creates an empty update.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the label: at most 100 characters, without control characters.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets the credit limit in US dollars, or removes it. It may be lower than the usage. It must not be
    /// negative, or [`update_key`](crate::Emulator::update_key) fails with
    /// [`KeyError::InvalidLimit`](crate::KeyError::InvalidLimit).
    pub fn limit(mut self, limit: impl Into<Option<f64>>) -> Self {
        self.limit = Some(limit.into());
        self
    }

    /// Sets how often the limit resets, or that it never does.
    pub fn limit_reset(mut self, reset: impl Into<Option<LimitReset>>) -> Self {
        self.limit_reset = Some(reset.into());
        self
    }

    /// Sets when the key expires on the emulator's clock, or that it never does. A past time expires the key now, and a
    /// key that has expired becomes valid again with a future time or `None`.
    ///
    /// A time before 1970 counts as the beginning of 1970, and one after the last that can be represented (on 30
    /// December 9999) as that one.
    pub fn expires_at(mut self, time: impl Into<Option<SystemTime>>) -> Self {
        self.expires_at = Some(time.into().map(to_timestamp));
        self
    }

    /// Expires the key now.
    pub fn expired(self) -> Self {
        self.expires_at(SystemTime::UNIX_EPOCH)
    }
}

fn to_timestamp(time: SystemTime) -> Timestamp {
    let beyond = if time < SystemTime::UNIX_EPOCH { Timestamp::UNIX_EPOCH } else { Timestamp::MAX };
    Timestamp::try_from(time).unwrap_or(beyond)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_time_can_be_converted() {
        let epoch = SystemTime::UNIX_EPOCH;
        assert_eq!(to_timestamp(epoch + Duration::from_secs(1)), Timestamp::constant(1, 0));
        assert_eq!(to_timestamp(epoch + Duration::from_secs(300_000_000_000)), Timestamp::MAX);
    }
}
