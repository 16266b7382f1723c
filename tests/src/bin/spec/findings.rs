//! The findings of the comparison.

use std::fmt;

/// The differences, and the numbers of compared items.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) operations: usize,
    pub(crate) properties: usize,
    pub(crate) probes: usize,
    pub(crate) examples: usize,
    /// Responses of the emulator.
    pub(crate) responses: usize,
    /// Operations that are not in the document, as method and path.
    pub(crate) absent: Vec<String>,
    /// Each is "operation part path: difference", where the part is `request` or a status.
    pub(crate) differences: Vec<String>,
}

impl Findings {
    pub(crate) fn differs(&mut self, place: &str, what: &str) {
        self.differences.push(format!("{place}: {what}"));
    }
}

/// Formats the numbers of compared items.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operations, properties, probes, examples, responses, .. } = self;
        write!(
            f,
            "{operations} operations, {properties} properties, {probes} probes, {examples} examples, "
        )?;
        write!(f, "{responses} responses of the emulator")
    }
}
