//! The result of a command.

/// The result of a command. Its error is a message for the user.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Returns an error that lists all findings, one per line, if there are any.
pub(crate) fn fail_on(findings: &[String]) -> Result {
    if findings.is_empty() {
        return Ok(());
    }
    Err(format!("problems: {}\n  {}", findings.len(), findings.join("\n  ")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_an_error_that_lists_them() {
        assert!(fail_on(&[]).is_ok());
        let error = fail_on(&["a.rs: too long".into(), "b.rs: too short".into()]).unwrap_err();
        assert_eq!(error.to_string(), "problems: 2\n  a.rs: too long\n  b.rs: too short");
    }
}
