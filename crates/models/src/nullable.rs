//! Absent, null, or a value.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field for which "not there" and `null` mean different things.
///
/// In a message: `#[serde(default, skip_serializing_if = "Nullable::is_absent")]`.
#[expect(clippy::exhaustive_enums, reason = "JSON has no fourth state")]
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Nullable<T> {
    /// The field is left out.
    #[default]
    Absent,
    /// The field is there and is `null`.
    Null,
    /// The field has a value.
    Value(T),
}

impl<T> Nullable<T> {
    /// Whether the field is left out.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, if there is one.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

impl<T> From<T> for Nullable<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T: Serialize> Serialize for Nullable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => serializer.serialize_some(value),
            Self::Absent | Self::Null => serializer.serialize_none(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nullable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}
