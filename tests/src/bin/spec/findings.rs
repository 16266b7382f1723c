//! What was found.

use std::fmt;

/// What was counted, and what differs.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) operations: usize,
    pub(crate) properties: usize,
    pub(crate) probes: usize,
    pub(crate) examples: usize,
    /// Operations that the document does not have, as method and path.
    pub(crate) absent: Vec<String>,
    /// Each as "operation part path: what differs", the part being `request` or a status.
    pub(crate) differences: Vec<String>,
}

impl Findings {
    pub(crate) fn differs(&mut self, place: &str, what: &str) {
        self.differences.push(format!("{place}: {what}"));
    }
}

/// What was counted.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operations, properties, probes, examples, .. } = self;
        write!(f, "{operations} operations, {properties} properties, {probes} probes, {examples} examples")
    }
}
