//! What an endpoint is.

use std::{fmt, marker::PhantomData};

use http::Method;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// A request, and all that a client needs to know to send it.
///
/// The value is the body; what is the same for every request of its kind is a constant. Sealed by nothing: an endpoint
/// that is not here can be described outside and called in the same way.
pub trait Endpoint: Serialize {
    /// What a success holds.
    type Response: DeserializeOwned;
    /// OpenRouter's name of the operation (`operationId` in its OpenAPI document).
    const OPERATION: &'static str;
    /// The HTTP method.
    const METHOD: Method;
    /// The path below the server's URL, with a leading slash.
    const PATH: &'static str;
    /// Which credential goes with it.
    const AUTH: Auth;
    /// How the body is written.
    const ENCODING: Encoding;
    /// What may be sent again.
    const RESEND: Resend;

    /// Reads the body of a success: a JSON object, which a byte order mark may precede. An endpoint whose response
    /// is anything else overrides this.
    ///
    /// # Errors
    ///
    /// Whatever `serde_json` has against it. Its message may show a part of the body, so it must not be printed: a
    /// success may hold a key.
    fn decode(body: &[u8]) -> serde_json::Result<Self::Response> {
        read_object(body)
    }

    /// The secrets in this request, to be kept out of messages if a server sends them back.
    fn secrets(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// Which credential an operation takes.
#[expect(clippy::exhaustive_enums, reason = "a client must know how to send each")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Auth {
    /// None: the client's key is not sent.
    None,
    /// `Authorization: Bearer` with an API key (RFC 6750, section 2.1).
    Bearer,
}

/// How a body is written.
#[expect(clippy::exhaustive_enums, reason = "a client must know how to write each")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Encoding {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// There is none.
    Empty,
}

/// Which requests may be sent again without asking the caller.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Resend {
    /// Only a request that surely was not processed. The operation is not idempotent: a second request could create a second
    /// key, or find the code used.
    IfUnsent,
    /// Any request: the operation is idempotent.
    Always,
}

/// The envelope of some successes: `{"data": …}`.
#[expect(clippy::exhaustive_structs, reason = "an envelope has one field, and tests and servers make it")]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Data<T> {
    /// What it holds.
    pub data: T,
}

impl<T: DeserializeOwned> Data<T> {
    /// Reads an envelope and takes it off.
    pub(crate) fn decode(body: &[u8]) -> serde_json::Result<T> {
        read_object(body).map(|envelope: Data<Object<T>>| envelope.data.0)
    }
}

/// Reads a JSON object, after the byte order mark that some put before it (RFC 8259, section 8.1).
pub(crate) fn read_object<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).map(|object: Object<T>| object.0)
}

/// What stands as an object in JSON. Serde by itself takes a list for a struct, too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}
