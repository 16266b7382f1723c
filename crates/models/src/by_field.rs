//! Reads a response field by field, so that one field that cannot be read does not lose the others.

use std::{
    borrow::Cow,
    cell::Cell,
    collections::{BTreeMap, btree_map::Range},
    fmt,
    iter::Chain,
    marker::PhantomData,
    ops::Bound,
    str,
};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, IntoDeserializer as _, MapAccess, Visitor,
        value::{MapAccessDeserializer, StrDeserializer},
    },
};
use serde_json::{Error, value::RawValue};
use zeroize::Zeroizing;

use crate::{
    endpoint::{Data, read_object, without_byte_order_mark},
    redact::unescape,
    wiped::WipedCow,
};

/// A response that is read field by field. Every optional field must have a default.
pub(crate) trait ByField: DeserializeOwned {
    /// Keeps a field that could not be read. `json` is its value.
    fn keep_unread(&mut self, _name: String, _json: &str) {}
}

/// Reads an object. Skips optional fields that cannot be read.
///
/// If a required field is missing, the strict parser runs too, because only its error has a position. It does not run
/// first, because a debug build would leave parts of the body on the stack.
///
/// # Errors
///
/// Returns the error of a strict parser, whose position is in `body`.
pub(crate) fn decode<T: ByField>(body: &[u8]) -> serde_json::Result<T> {
    read(&to_text(body)).map_or_else(|| read_object(body), Ok)
}

/// Reads the object in a [`Data`] envelope. Skips optional fields that cannot be read.
///
/// # Errors
///
/// As for [`decode`].
pub(crate) fn decode_data<T: ByField>(body: &[u8]) -> serde_json::Result<T> {
    let text = to_text(body);
    let value = Fields::parse(&text).and_then(|fields| read(fields.raw("data")?));
    value.map_or_else(|| Data::decode(body), Ok)
}

/// Reads an object without the fields that cannot be read. Returns `None` if a required field is missing.
fn read<T: ByField>(json: &str) -> Option<T> {
    let whole = serde_json::from_str(json).ok().and_then(|Whole(value)| value);
    whole.or_else(|| Fields::parse(json)?.into_value())
}

/// Returns a body as text, without a byte order mark.
///
/// Bytes that are not UTF-8 and escapes that are not a character are replaced, so that they affect only their own
/// field.
pub(crate) fn to_text(body: &[u8]) -> WipedCow<'_, str> {
    let body = without_byte_order_mark(body);
    if let Some(text) = str::from_utf8(body).ok().filter(|text| !has_surrogates(text)) {
        return WipedCow::Borrowed(text);
    }
    // A replacement character has three bytes, so the buffer does not grow and leave a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(3 * body.len()));
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    WipedCow::Owned(replace_lone_surrogates(&text))
}

fn has_surrogates(text: &str) -> bool {
    // Most responses have no escapes, and one byte is found faster than a string.
    text.contains('\\') && (text.contains("\\ud") || text.contains("\\uD"))
}

/// Replaces `\ud83d` and the like if they are not part of a pair. JavaScript writes them when it cuts a text within an
/// emoji.
fn replace_lone_surrogates(text: &str) -> Zeroizing<String> {
    let mut replaced = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(start) = rest.find('\\') {
        let (before, escape) = rest.split_at(start);
        replaced.push_str(before);
        let (length, is_lone) = match (surrogate(escape), escape.get(6..).and_then(surrogate)) {
            (Some(0xd800..0xdc00), Some(0xdc00..)) => (12, false),
            (Some(_), _) => (6, true),
            // A backslash and the next character, which may have more than one byte if this is not JSON.
            (None, _) => (escape.char_indices().nth(2).map_or(escape.len(), |(end, _)| end), false),
        };
        let (escape, after) = escape.split_at(length);
        replaced.push_str(if is_lone { "\\ufffd" } else { escape });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

/// Returns the surrogate that `text` begins with as an escape.
fn surrogate(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u16::from_str_radix(digits, 16).ok().filter(|_| is_hexadecimal)?;
    (0xd800..0xe000).contains(&code).then_some(code)
}

/// The fields of an object as JSON text. If a name appears twice, the last one wins.
pub(crate) struct Fields<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Fields<'a> {
    /// Returns `None` if `json` is not an object.
    pub(crate) fn parse(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Returns a field as JSON text.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|raw| raw.get())
    }

    /// Returns a field, if it exists and can be read.
    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        read_field(self.raw(name)?, PhantomData::<T>).ok()
    }

    /// Reads the object without the fields that cannot be read. Returns `None` if a required field is missing.
    pub(crate) fn into_value<T: ByField>(mut self) -> Option<T> {
        let mut unread: Vec<(Cow<'a, str>, &RawValue)> = Vec::new();
        loop {
            // Start after the last unread field. From the first field, the time would grow with the square of the body.
            let start = unread.last().map_or("", |(name, _)| name);
            match self.deserialize(start) {
                Ok(mut value) => {
                    for (name, raw) in unread {
                        T::keep_unread(&mut value, name.into_owned(), raw.get());
                    }
                    return Some(value);
                }
                Err(Some(name)) => unread.extend(self.0.remove_entry(&*name)),
                Err(None) => return None,
            }
        }
    }

    /// Reads the object. Returns `None` if any field cannot be read.
    pub(crate) fn into_whole_value<T: DeserializeOwned>(self) -> Option<T> {
        self.deserialize("").ok()
    }

    /// Reads the object, beginning with the fields from `start` on. The error is the name of the first field that
    /// cannot be read, or `None` if a required field is missing.
    fn deserialize<T: DeserializeOwned>(&self, start: &str) -> Result<T, Option<String>> {
        let current = Cell::new(None);
        let from_start = self.0.range::<str, _>((Bound::Included(start), Bound::Unbounded));
        let before_start = self.0.range::<str, _>((Bound::Unbounded, Bound::Excluded(start)));
        let access = FieldAccess { rest: from_start.chain(before_start), current: &current };
        T::deserialize(MapAccessDeserializer::new(access))
            .map_err(|_| current.get().map(|(name, _): (&str, _)| name.to_owned()))
    }
}

/// Returns whether JSON has an object that [`Value`](serde_json::Value) would not read as written.
///
/// `serde_json` reserves some member names. It parses the text in such a member as JSON, which redaction has not seen,
/// and fails if the text is not JSON.
pub(crate) fn misleads_serde_json(json: &str) -> bool {
    const PRIVATE: &str = "$serde_json::private::";
    let contains_private = |json: &[u8]| json.windows(PRIVATE.len()).any(|part| part == PRIVATE.as_bytes());
    json.starts_with(['{', '['])
        && (json.contains(PRIVATE) || json.contains("\\u") && contains_private(&unescape(json.as_bytes())))
}

/// Reads the value of one field.
fn read_field<'de, V: DeserializeSeed<'de>>(json: &'de str, seed: V) -> Result<V::Value, Error> {
    if misleads_serde_json(json) {
        return Err(Error::custom("a name that serde_json uses itself"));
    }
    seed.deserialize(&mut serde_json::Deserializer::from_str(json))
}

type FieldRange<'a, 'f> = Range<'f, Cow<'a, str>, &'a RawValue>;

/// Passes the fields to a deserializer, and records which one it is reading.
struct FieldAccess<'a, 'f> {
    rest: Chain<FieldRange<'a, 'f>, FieldRange<'a, 'f>>,
    current: &'f Cell<Option<(&'f str, &'a RawValue)>>,
}

impl<'de> MapAccess<'de> for FieldAccess<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let next = self.rest.next();
        self.current.set(next.map(|(name, raw)| (&**name, *raw)));
        let name = next.map(|(name, _)| -> StrDeserializer<'_, Error> { (&**name).into_deserializer() });
        name.map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let raw = self.current.get().map_or("", |(_, raw)| raw.get());
        read_field(raw, seed)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, raw)) = map.next_entry::<Name<'de>, _>()? {
            fields.insert(name.0, raw);
        }
        Ok(Fields(fields))
    }
}

/// A name that is borrowed if it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// An object. It is `None` if any field is repeated or cannot be read, or if a required field is missing.
///
/// Most responses are read this way, which needs no map of the fields.
struct Whole<T>(Option<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WholeVisitor(PhantomData))
    }
}

struct WholeVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for WholeVisitor<T> {
    type Value = Whole<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Whole<T>, A::Error> {
        let mut access = WholeAccess { map, has_value: false };
        let value = T::deserialize(MapAccessDeserializer::new(&mut access)).ok();
        if value.is_none() {
            // Not an error: finding its position would leave parts of the body on the stack.
            access.skip_rest()?;
        }
        Ok(Whole(value))
    }
}

/// Passes the fields of an object to a deserializer as they are parsed.
struct WholeAccess<A> {
    map: A,
    /// Whether a name was parsed and its value was not.
    has_value: bool,
}

impl<'de, A: MapAccess<'de>> WholeAccess<A> {
    fn skip_rest(&mut self) -> Result<(), A::Error> {
        if self.has_value {
            self.map.next_value::<IgnoredAny>()?;
        }
        while self.map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WholeAccess<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let name = self.map.next_key_seed(seed)?;
        self.has_value = name.is_some();
        Ok(name)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.has_value = false;
        let raw: &RawValue = self.map.next_value()?;
        read_field(raw.get(), seed).map_err(|_| A::Error::custom("a field that cannot be read"))
    }
}
