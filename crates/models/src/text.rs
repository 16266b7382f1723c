//! The checks, the error and the conversions that the newtypes of strings share.

use std::{convert::Infallible, fmt, marker::PhantomData};

use serde::{Deserializer, Serializer, de};

/// The error for an invalid value. It shows what was expected, never the value.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the {what} {problem}")]
pub struct InvalidValue {
    what: &'static str,
    problem: &'static str,
}

impl InvalidValue {
    /// An error about `what` ("callback URL") with its `problem` ("is too long").
    pub const fn new(what: &'static str, problem: &'static str) -> Self {
        Self { what, problem }
    }

    /// The kind of value: "authorization code", "callback URL", …
    pub const fn what(&self) -> &'static str {
        self.what
    }

    /// What is wrong with it: "is empty", "is too long", …
    pub const fn problem(&self) -> &'static str {
        self.problem
    }
}

/// Lets builders accept a checked value where they also accept text.
impl From<Infallible> for InvalidValue {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// What is made of checked text.
pub(crate) trait FromText: Sized {
    const WHAT: &'static str;

    fn from_text(text: &str) -> Result<Self, InvalidValue>;
}

/// What is text when it is sent.
pub(crate) trait AsText {
    fn as_text(&self) -> &str;
}

/// Checks that `text` has between 1 and `max` bytes that all pass `allowed`.
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
        // All of them, not up to the first: so the loop takes many bytes at a time.
        _ if text.bytes().fold(false, |bad, byte| bad | !allowed(byte)) => Err(InvalidValue::new(what, only)),
        _ => Ok(()),
    }
}

/// Conversions of a [`FromText`] from strings.
macro_rules! text_conversions {
    ($name:ident) => {
        impl $name {
            /// Checks `text` and takes a copy of it.
            ///
            /// # Errors
            ///
            /// [`InvalidValue`](crate::InvalidValue) if it is not what the type describes.
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

/// More conversions, for text that is not a secret: a command-line parser would show a rejected secret.
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

/// A newtype of a string that is not a secret: `as_str`, `Display`, serde.
macro_rules! plain_text {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        pub struct $name(Box<str>);

        $crate::text::text_conversions!($name);
        $crate::text::open_text_conversions!($name);

        impl $name {
            /// The text.
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

/// `Serialize` and `Deserialize` of text that may be serialized by itself.
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

/// `#[serde(with = "crate::text::received")]`: a secret in a response, which may be padded with white space.
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

/// `#[serde(with = "crate::text::optional")]`: a field that may be left out.
pub(crate) mod optional {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{AsText, FromText};

    /// Carries a value through serde that does not go there by itself.
    struct Carried<T>(T);

    impl<'de, T: FromText> Deserialize<'de> for Carried<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            super::deserialize(deserializer).map(Self)
        }
    }

    #[expect(clippy::ref_option, reason = "serde calls it so")]
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
