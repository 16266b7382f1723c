//! The trait that describes an endpoint.

use std::{fmt, marker::PhantomData};

use http::Method;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// A request to an endpoint, with everything that a client needs to send it.
///
/// The value is the request body. The constants are the same for every request to the endpoint. You can implement the
/// trait for endpoints that this crate lacks.
pub trait Endpoint: Serialize {
    /// The content of a success response.
    type Response: DeserializeOwned;
    /// OpenRouter's name for the operation (`operationId` in its OpenAPI document).
    const OPERATION: &'static str;
    /// What the operation does, in the words of messages to users: "exchanging the code".
    const ACTIVITY: &'static str = Self::OPERATION;
    /// The HTTP method.
    const METHOD: Method;
    /// The path relative to the server's URL, with a leading slash.
    const PATH: &'static str;
    /// The credential that the request needs.
    const AUTH: Auth;
    /// The encoding of the body.
    const ENCODING: Encoding;
    /// When a client may resend the request.
    const RESEND: Resend;

    /// Decodes the body of a success response.
    ///
    /// By default, the body must be a JSON object. A byte order mark may precede it. Override this method for a
    /// response of any other form.
    ///
    /// # Errors
    ///
    /// Returns the error of `serde_json`. Do not print it: its message may quote the body, which may contain a key.
    fn decode(body: &[u8]) -> serde_json::Result<Self::Response> {
        read_object(body)
    }

    /// Returns the secrets in this request. [`ApiError::read`](crate::ApiError::read) redacts them in case the server
    /// echoes them.
    fn secrets(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// The credential that an operation needs.
#[expect(clippy::exhaustive_enums, reason = "a client must know how to send each")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Auth {
    /// No credential. The client must not send its key.
    None,
    /// `Authorization: Bearer` with an API key (RFC 6750, section 2.1).
    Bearer,
}

/// The encoding of a request body.
#[expect(clippy::exhaustive_enums, reason = "a client must know how to write each")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Encoding {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// No body.
    Empty,
}

/// When a client may resend a request without asking its caller.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Resend {
    /// Only if the request was certainly not processed. The operation is not idempotent: a second request could create
    /// a second key, or fail because the code was used.
    IfUnsent,
    /// Always. The operation is idempotent.
    Always,
}

/// The envelope of some success responses: `{"data": …}`.
#[expect(clippy::exhaustive_structs, reason = "an envelope has one field, and tests and servers create it")]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Data<T> {
    /// The content.
    pub data: T,
}

impl<T: DeserializeOwned> Data<T> {
    /// Decodes an envelope and returns its content.
    pub(crate) fn decode(body: &[u8]) -> serde_json::Result<T> {
        read_object(body).map(|envelope: Data<Object<T>>| envelope.data.0)
    }
}

/// Skips the byte order mark that some servers prepend (RFC 8259, section 8.1).
pub(crate) fn without_byte_order_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Decodes a JSON object.
pub(crate) fn read_object<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(without_byte_order_mark(body)).map(|object: Object<T>| object.0)
}

/// A JSON object. Without this wrapper, serde would also accept an array for a struct.
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
