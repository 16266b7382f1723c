//! `GET /api/v1/oauth/jwks`
//!
//! Returns the public key that verifies access tokens, as a key set (RFC 7517).

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;

use crate::{http::response, state::State};

pub(crate) fn respond(state: &State) -> Response<Bytes> {
    let keys = [state.signer.public_key()];
    response::json(StatusCode::OK, &json!({ "keys": keys }))
}
