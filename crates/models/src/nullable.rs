//! A field that may be absent, null, or a value.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field for which "absent" and `null` have different meanings.
///
/// Fields of this type need `#[serde(default, skip_serializing_if = "Nullable::is_absent")]`.
#[expect(clippy::exhaustive_enums, reason = "JSON has no fourth state")]
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Nullable<T> {
    /// The field is absent.
    #[default]
    Absent,
    /// The field is `null`.
    Null,
    /// The field has a value.
    Value(T),
}

impl<T> Nullable<T> {
    /// Returns whether the field is absent.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Returns whether the field is `null`.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns a reference to the value, if there is one.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Returns the value, if there is one.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Returns the value, or `default` if there is none.
    pub fn unwrap_or(self, default: T) -> T {
        self.into_value().unwrap_or(default)
    }

    /// Converts `&Nullable<T>` to `Nullable<&T>`.
    pub const fn as_ref(&self) -> Nullable<&T> {
        match self {
            Self::Absent => Nullable::Absent,
            Self::Null => Nullable::Null,
            Self::Value(value) => Nullable::Value(value),
        }
    }
}

impl<T> From<T> for Nullable<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

/// `None` becomes [`Nullable::Absent`].
impl<T> From<Option<T>> for Nullable<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Value)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_absent_are_different() {
        let [absent, null, five] = [Nullable::Absent, Nullable::Null, Nullable::Value(5)];
        assert_eq!((absent.is_absent(), null.is_absent(), five.is_absent()), (true, false, false));
        assert_eq!((absent.is_null(), null.is_null(), five.is_null()), (false, true, false));
        assert_eq!((absent.into_value(), null.into_value(), five.into_value()), (None, None, Some(5)));
        assert_eq!((absent.unwrap_or(1), null.unwrap_or(1), five.unwrap_or(1)), (1, 1, 5));
        assert_eq!((absent.as_ref(), null.as_ref()), (Nullable::Absent, Nullable::Null));
        assert_eq!(five.as_ref(), Nullable::Value(&5));
        assert_eq!(
            (Nullable::<u8>::from(None), Nullable::<u8>::from(Some(5))),
            (Nullable::Absent, Nullable::Value(5))
        );
    }
}
