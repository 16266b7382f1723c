//! The models, as this program asks them.

use std::fmt::Debug;

use openrouter_oauth_models::{
    ApiKeyGrant, CreateAuthCode, CreatedAuthCode, CurrentKey, Data, Encoding, Endpoint, ErrorEnvelope,
    ErrorResponse, ExchangeAuthCode, ExchangeToken, JwkSet, KeyInfo, OAuthErrorResponse, SigningKeys,
    TokenResponse,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::fields::{self, Fields};

/// An operation of the models.
pub(crate) struct Model {
    pub(crate) operation: &'static str,
    pub(crate) method: String,
    pub(crate) path: &'static str,
    pub(crate) encoding: Encoding,
    pub(crate) request: Message,
    pub(crate) answer: Message,
    pub(crate) refusal: Message,
}

/// A type of the models, known by what it does.
pub(crate) struct Message {
    /// Reads JSON and writes it again.
    pub(crate) read: Box<Reader>,
    /// Tells its fields.
    pub(crate) fields: fn(&Value) -> Fields,
}

type Reader = dyn Fn(&Value) -> Result<Read, String>;

/// What a type made of a JSON value.
pub(crate) struct Read {
    /// The same, written again.
    pub(crate) json: Value,
    /// How many words in it were new to an enum.
    pub(crate) unknown_words: usize,
}

pub(crate) fn all() -> [Model; 5] {
    [
        model::<ExchangeAuthCode, ApiKeyGrant, ErrorResponse>(|answer| answer),
        model::<CreateAuthCode, Data<CreatedAuthCode>, ErrorResponse>(|data| Data { data }),
        model::<CurrentKey, Data<KeyInfo>, ErrorResponse>(|data| Data { data }),
        model::<ExchangeToken, TokenResponse, OAuthErrorResponse>(|answer| answer),
        model::<SigningKeys, JwkSet, ErrorResponse>(|answer| answer),
    ]
}

/// The endpoint `E`, whose successes are `A` on the wire and whose refusals are `R`.
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
        request: Message { read: Box::new(|json| written(&parsed::<E>(json)?)), fields: fields::of::<E> },
        answer: Message {
            read: Box::new(move |json| {
                let answer = E::decode(json.to_string().as_bytes()).map_err(|error| error.to_string())?;
                written(&envelope(answer))
            }),
            fields: fields::of::<A>,
        },
        refusal: Message { read: Box::new(refusal::<R>), fields: fields::of::<R> },
    }
}

/// Reads a refusal as itself and in the way in which clients do, which must come to the same.
fn refusal<R: Debug + DeserializeOwned + Serialize>(json: &Value) -> Result<Read, String> {
    let read = written(&parsed::<R>(json)?)?;
    let enveloped = written(&parsed::<ErrorEnvelope>(json)?)?;
    if read.json == enveloped.json { Ok(read) } else { Err("another envelope is read".to_owned()) }
}

fn parsed<T: DeserializeOwned>(json: &Value) -> Result<T, String> {
    T::deserialize(json).map_err(|error| error.to_string())
}

fn written<T: Debug + Serialize>(message: &T) -> Result<Read, String> {
    // An enum writes a word back whether it knows it or not; only its `Debug` tells the two apart.
    let unknown_words = format!("{message:?}").matches("UnknownValue(").count();
    let json = serde_json::to_value(message).map_err(|error| error.to_string())?;
    Ok(Read { json, unknown_words })
}
