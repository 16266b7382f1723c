//! The models, as this program uses them.

use std::fmt::Debug;

use openrouter_oauth_models::{
    ApiKeyGrant, CreateAuthCode, CreatedAuthCode, CurrentKey, Data, Encoding, Endpoint, ErrorEnvelope,
    ErrorResponse, ExchangeAuthCode, ExchangeToken, JwkSet, KeyInfo, OAuthErrorResponse, OtherFields,
    SigningKeys, TokenResponse,
};
use openrouter_oauth_tests::fields::{self, FieldsFn};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// An operation of the models, with the types of its messages.
pub(crate) struct Model {
    pub(crate) operation: &'static str,
    pub(crate) method: String,
    pub(crate) path: &'static str,
    pub(crate) encoding: Encoding,
    pub(crate) request: MessageType,
    pub(crate) response: MessageType,
    pub(crate) error: MessageType,
}

/// A type of the models, represented by functions.
pub(crate) struct MessageType {
    /// Deserializes JSON, and serializes the result.
    pub(crate) round_trip: Box<RoundTripFn>,
    /// Deserializes JSON as the type's own implementation does, without skipping fields that cannot be read.
    pub(crate) deserialize: fn(&Value) -> Result<(), String>,
    /// Returns the type's fields.
    pub(crate) fields: FieldsFn,
}

type RoundTripFn = dyn Fn(&Value) -> Result<RoundTrip, String>;

/// The result of deserializing and serializing a JSON value.
pub(crate) struct RoundTrip {
    /// The serialized value.
    pub(crate) json: Value,
    /// The number of strings in it that were unknown to an enum.
    pub(crate) unknown_values: usize,
}

pub(crate) fn all() -> [Model; 5] {
    [
        model::<ExchangeAuthCode, ApiKeyGrant, ErrorResponse>(|response| response),
        model::<CreateAuthCode, Data<CreatedAuthCode>, ErrorResponse>(|data| Data { data }),
        current_key(),
        model::<ExchangeToken, TokenResponse, OAuthErrorResponse>(|response| response),
        model::<SigningKeys, JwkSet, ErrorResponse>(|response| response),
    ]
}

/// Returns the endpoint whose response keeps what it cannot read. For the comparison, it drops that like other types.
fn current_key() -> Model {
    let mut model = model::<CurrentKey, Data<KeyInfo>, ErrorResponse>(|mut data| {
        data.other = OtherFields::default();
        Data { data }
    });
    model.response.fields = fields::recorded_of_key;
    model
}

/// Returns the endpoint `E`, whose response is `A` on the wire and whose error is `R`.
fn model<E, A, R>(envelope: fn(E::Response) -> A) -> Model
where
    E: Endpoint<Response: 'static> + Debug + DeserializeOwned,
    A: Debug + DeserializeOwned + Serialize + 'static,
    R: Debug + DeserializeOwned + Serialize + 'static,
{
    Model {
        operation: E::OPERATION,
        method: E::METHOD.to_string(),
        path: E::PATH,
        encoding: E::ENCODING,
        request: MessageType {
            round_trip: Box::new(|json| serialize(&deserialize::<E>(json)?)),
            deserialize: |json| deserialize::<E>(json).map(drop),
            fields: fields::recorded::<E>,
        },
        response: MessageType {
            round_trip: Box::new(move |json| {
                let response = E::decode(json.to_string().as_bytes()).map_err(|error| error.to_string())?;
                serialize(&envelope(response))
            }),
            deserialize: |json| deserialize::<A>(json).map(drop),
            fields: fields::recorded::<A>,
        },
        error: MessageType {
            round_trip: Box::new(error_round_trip::<R>),
            deserialize: |json| deserialize::<R>(json).map(drop),
            fields: fields::recorded::<R>,
        },
    }
}

/// Deserializes an error as its own type and as clients do, which must have the same result.
fn error_round_trip<R: Debug + DeserializeOwned + Serialize>(json: &Value) -> Result<RoundTrip, String> {
    let round_trip = serialize(&deserialize::<R>(json)?)?;
    let enveloped = serialize(&deserialize::<ErrorEnvelope>(json)?)?;
    if round_trip.json == enveloped.json {
        Ok(round_trip)
    } else {
        Err("clients read it as another envelope".to_owned())
    }
}

fn deserialize<T: DeserializeOwned>(json: &Value) -> Result<T, String> {
    T::deserialize(json).map_err(|error| error.to_string())
}

fn serialize<T: Debug + Serialize>(message: &T) -> Result<RoundTrip, String> {
    // An enum serializes known and unknown values alike; only its `Debug` shows the difference.
    let unknown_values = format!("{message:?}").matches("UnknownValue(").count();
    let json = serde_json::to_value(message).map_err(|error| error.to_string())?;
    Ok(RoundTrip { json, unknown_values })
}
