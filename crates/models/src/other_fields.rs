//! Fields that a response has and its type does not, or that could not be read.

use std::{fmt, mem};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroize as _;

/// Fields of a response as raw JSON, by name: those that its type lacks, and those that could not be read.
///
/// They may contain secrets, so `Debug` shows only the names, and names and values are wiped on drop.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct OtherFields(Map<String, Value>);

impl OtherFields {
    /// Returns the fields.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    pub(crate) fn insert(&mut self, name: String, value: Value) {
        self.0.insert(name, value);
    }
}

impl FromIterator<(String, Value)> for OtherFields {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl fmt::Debug for OtherFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Drop for OtherFields {
    fn drop(&mut self) {
        wipe_fields(&mut self.0);
    }
}

fn wipe_fields(fields: &mut Map<String, Value>) {
    for (mut name, mut value) in mem::take(fields) {
        name.zeroize();
        wipe(&mut value);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => wipe_fields(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
