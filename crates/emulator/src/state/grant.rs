//! Codes, and the properties that a user or an application requests for a key.

use jiff::Timestamp;

use super::clock;
use crate::{LimitReset, pkce::Challenge};

/// The properties of a key.
#[derive(Clone, Default)]
pub(crate) struct Grant {
    /// If there is none, the key is masked.
    pub(crate) label: Option<String>,
    /// In US dollars.
    pub(crate) limit: Option<f64>,
    pub(crate) limit_reset: Option<LimitReset>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) workspace: Option<String>,
}

/// A code that has not been exchanged yet.
#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) issued_at: Timestamp,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) grant: Grant,
}

/// Checks the label of a key.
///
/// # Errors
///
/// If the label has more than 100 characters, or contains control characters, which a list cannot show on one line.
pub(crate) fn check_label(label: &str) -> Result<(), &'static str> {
    if label.chars().nth(100).is_some() {
        return Err("Invalid key_label: at most 100 characters are allowed");
    }
    if label.contains(char::is_control) {
        return Err("Invalid key_label: control characters are not allowed");
    }
    Ok(())
}

/// Checks a credit limit.
///
/// # Errors
///
/// If the limit is not an amount of money.
pub(crate) fn check_limit(limit: f64) -> Result<(), &'static str> {
    if limit.is_finite() && limit >= 0.0 {
        return Ok(());
    }
    Err("Invalid limit: it must be a number of US dollars, and not negative")
}

/// Checks a workspace's ID.
///
/// # Errors
///
/// If the ID is not a UUID (RFC 9562, section 4).
pub(crate) fn check_workspace(id: &str) -> Result<(), &'static str> {
    let groups: Vec<&str> = id.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let hex = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if lengths == [8, 4, 4, 4, 12] && hex {
        return Ok(());
    }
    Err("Invalid workspace id: it must be a UUID")
}

/// Parses how often a limit resets.
///
/// # Errors
///
/// If the name is unknown.
pub(crate) fn parse_limit_reset(name: &str) -> Result<LimitReset, &'static str> {
    LimitReset::parse(name).ok_or("Invalid usage_limit_type: it must be daily, weekly or monthly")
}

/// Parses the time at which a key expires.
///
/// # Errors
///
/// If `text` is not RFC 3339 in UTC with seconds, or is not in the future.
pub(crate) fn parse_expiry(text: &str, now: Timestamp) -> Result<Timestamp, &'static str> {
    let expires_at = clock::parse_rfc3339(text)
        .ok_or("Invalid expires_at: it must be an RFC 3339 time in UTC, with seconds")?;
    if expires_at <= now {
        return Err("Invalid expires_at: it must be in the future");
    }
    Ok(expires_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_properties_are_rejected() {
        assert!(check_label(&"é".repeat(100)).is_ok());
        assert!(check_label(&"é".repeat(101)).is_err());
        for bad in ["a\nb", "\0", "\u{1b}[31m", "\u{85}"] {
            assert!(check_label(bad).is_err(), "{bad:?}");
        }
        for bad in [f64::NAN, f64::INFINITY, -0.01] {
            assert!(check_limit(bad).is_err(), "{bad}");
        }
        assert!(check_limit(0.0).is_ok());
        assert!(check_workspace("123e4567-e89b-12d3-a456-426614174000").is_ok());
        for bad in ["", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g"] {
            assert!(check_workspace(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn expiry_must_be_in_the_future() {
        let now = "2027-01-01T00:00:00Z".parse().unwrap();
        assert!(parse_expiry("2027-01-01T00:00:01Z", now).is_ok());
        assert!(parse_expiry("2027-01-01T00:00:00Z", now).is_err());
        assert!(parse_expiry("2027-01-02T00:00Z", now).is_err());
    }
}
