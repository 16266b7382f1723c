//! The checks, error, and conversions that all string newtypes share.

use std::{convert::Infallible, fmt, marker::PhantomData};

use serde::{Deserializer, Serializer, de};

/// The error for an invalid value. It describes the problem and never contains the value.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the {what} {problem}")]
pub struct InvalidValue {
    what: &'static str,
    problem: &'static str,
}

impl InvalidValue {
    /// Creates an error for a kind of value (`what`, such as "callback URL") and its `problem` (such as "is too long").
    pub const fn new(what: &'static str, problem: &'static str) -> Self {
        Self { what, problem }
    }

    /// Returns the kind of value: "authorization code", "callback URL", …
    pub const fn what(&self) -> &'static str {
        self.what
    }

    /// Returns the problem: "is empty", "is too long", …
    pub const fn problem(&self) -> &'static str {
        self.problem
    }
}

/// Lets builders accept both text and values that are already validated.
impl From<Infallible> for InvalidValue {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// A type that is created from validated text.
pub(crate) trait FromText: Sized {
    const WHAT: &'static str;

    fn from_text(text: &str) -> Result<Self, InvalidValue>;
}

/// A type that serializes as text.
pub(crate) trait AsText {
    fn as_text(&self) -> &str;
}

/// Checks that `text` has 1 to `max` bytes and that `allowed` accepts each of them.
pub(crate) fn check(
    what: &'static str,
    text: &str,
    max: usize,
    allowed: impl Fn(u8) -> bool,
    only: &'static str,
) -> Result<(), InvalidValue> {
    match text.len() {
        0 => Err(InvalidValue::new(what, "is empty")),
        length if length > max => Err(InvalidValue::new(what, "is too long")),
        // Without an early exit, the compiler can vectorize the loop.
        _ if text.bytes().fold(false, |bad, byte| bad | !allowed(byte)) => Err(InvalidValue::new(what, only)),
        _ => Ok(()),
    }
}

/// Implements conversions from strings for a [`FromText`] type.
macro_rules! text_conversions {
    ($name:ident) => {
        impl $name {
            /// Validates and copies `text`.
            ///
            /// # Errors
            ///
            /// Returns [`InvalidValue`](crate::InvalidValue) if `text` does not meet the rules of this type.
            pub fn parse(text: &str) -> Result<Self, $crate::InvalidValue> {
                <Self as $crate::text::FromText>::from_text(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::InvalidValue;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::InvalidValue;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&zeroize::Zeroizing::new(text))
            }
        }
    };
}

/// Implements more conversions, for types that are not secret: a command-line parser would print a rejected secret.
macro_rules! open_text_conversions {
    ($name:ident) => {
        impl std::str::FromStr for $name {
            type Err = $crate::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = $crate::InvalidValue;

            fn try_from(text: &String) -> Result<Self, Self::Error> {
                Self::parse(text)
            }
        }
    };
}

/// Defines a string newtype that is not secret, with `as_str`, `Display`, and serde.
macro_rules! plain_text {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        pub struct $name(Box<str>);

        $crate::text::text_conversions!($name);
        $crate::text::open_text_conversions!($name);

        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $crate::text::AsText for $name {
            fn as_text(&self) -> &str {
                &self.0
            }
        }

        $crate::text::text_serde!($name);
    };
}

/// Implements `Serialize` and `Deserialize` for a type that may appear outside a message.
macro_rules! text_serde {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::text::serialize(self, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::text::deserialize(deserializer)
            }
        }
    };
}

pub(crate) use {open_text_conversions, plain_text, text_conversions, text_serde};

pub(crate) fn serialize<T: AsText, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.as_text())
}

pub(crate) fn deserialize<'de, T: FromText, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_str(TextVisitor { trim: false, value: PhantomData })
}

struct TextVisitor<T> {
    trim: bool,
    value: PhantomData<T>,
}

impl<T: FromText> de::Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {}", T::WHAT)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::from_text(if self.trim { text.trim() } else { text }).map_err(E::custom)
    }
}

/// Implements `#[serde(with = "crate::text::received")]` for a secret in a response. White space around it is removed.
pub(crate) mod received {
    use std::marker::PhantomData;

    use serde::Deserializer;

    pub(crate) use super::serialize;
    use super::{FromText, TextVisitor};

    pub(crate) fn deserialize<'de, T: FromText, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        deserializer.deserialize_str(TextVisitor { trim: true, value: PhantomData })
    }
}

/// Implements `#[serde(with = "crate::text::optional")]` for an optional field.
pub(crate) mod optional {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{AsText, FromText};

    /// Implements `Deserialize` for a type that lacks it.
    struct Carried<T>(T);

    impl<'de, T: FromText> Deserialize<'de> for Carried<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            super::deserialize(deserializer).map(Self)
        }
    }

    #[expect(clippy::ref_option, reason = "serde requires this signature")]
    pub(crate) fn serialize<T: AsText, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T: FromText, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        Ok(Option::<Carried<T>>::deserialize(deserializer)?.map(|carried| carried.0))
    }
}
