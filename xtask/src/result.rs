//! What every command returns.

/// The error is what a user reads.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Fails with every finding, one a line.
pub(crate) fn fail_on(findings: &[String]) -> Result {
    if findings.is_empty() {
        return Ok(());
    }
    Err(format!("{} to mend:\n  {}", findings.len(), findings.join("\n  ")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_an_error_that_lists_them() {
        assert!(fail_on(&[]).is_ok());
        let error = fail_on(&["a.rs: too long".into(), "b.rs: too short".into()]).unwrap_err();
        assert_eq!(error.to_string(), "2 to mend:\n  a.rs: too long\n  b.rs: too short");
    }
}
