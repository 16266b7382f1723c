//! `POST /api/v1/oauth/token`
//!
//! Exchanges an identity provider's token for a short-lived access token (RFC 8693). The emulator accepts any
//! well-formed token that has not expired, because it has no provider to verify it with.
//!
//! The access token has the claims that RFC 9068 requires (section 2.2). Their values are guesses.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    http::{
        params::Params,
        response::{self, Rejection},
    },
    state::{State, clock, jwt},
};

/// How long an access token is valid.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_mins(15);

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// The API, which is the resource that the token is for (RFC 9068, section 3).
const AUDIENCE: &str = "https://openrouter.ai/api/v1";
const DEFAULT_SCOPE: &str = "inference";

pub(crate) fn respond(state: &mut State, request: &Request<Bytes>) -> Result<Response<Bytes>, Rejection> {
    if !is_form(request.headers().get(CONTENT_TYPE)) {
        return Err(invalid_request("the body must be application/x-www-form-urlencoded"));
    }
    let params = Params::parse(request.body()).map_err(invalid_request)?;
    let now = state.clock.now();
    let policy = check_request(&params, now)?;
    let scope = parse_scope(&params)?;

    let claims = json!({
        "iss": "openrouter-oauth-emulator",
        "sub": policy,
        "aud": AUDIENCE,
        "client_id": policy,
        "scope": scope,
        "iat": now.as_second(),
        "exp": clock::after(now, TOKEN_LIFETIME).as_second(),
        "jti": state.random.code(),
    });
    let token = state.signer.sign(&claims).map_err(|_| {
        Rejection::OAuth(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "the token could not be signed".to_owned(),
        )
    })?;
    Ok(response::json(
        StatusCode::OK,
        &json!({
            "access_token": token,
            "expires_in": TOKEN_LIFETIME.as_secs(),
            "issued_token_type": ACCESS_TOKEN,
            "scope": scope,
            "token_type": "Bearer",
        }),
    ))
}

fn is_form(content_type: Option<&HeaderValue>) -> bool {
    content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// Checks the required parameters and returns the policy.
fn check_request<'a>(params: &'a Params<'_>, now: Timestamp) -> Result<&'a str, Rejection> {
    let required = |name: &str| params.get(name).ok_or_else(|| invalid_request(format!("{name} is missing")));
    if required("grant_type")? != GRANT_TYPE {
        return Err(rejection("unsupported_grant_type", format!("grant_type must be {GRANT_TYPE}")));
    }
    let policy = required("federation_policy_id")?;
    let subject_token = required("subject_token")?;
    if required("subject_token_type")? != JWT {
        return Err(invalid_request(format!("subject_token_type must be {JWT}")));
    }
    if params.get("requested_token_type").is_some_and(|requested| requested != ACCESS_TOKEN) {
        return Err(invalid_request(format!("requested_token_type must be {ACCESS_TOKEN}")));
    }
    check_subject_token(subject_token, now).map_err(|why| rejection("invalid_grant", why))?;
    Ok(policy)
}

fn check_subject_token(token: &str, now: Timestamp) -> Result<(), &'static str> {
    let claims = jwt::read_unverified(token).ok_or("subject_token is not a JSON web token")?;
    match claims.get("exp").map(Value::as_f64) {
        None => Ok(()),
        #[expect(clippy::cast_precision_loss, reason = "exact for the next 200 million years")]
        Some(Some(expires_at)) if expires_at > now.as_second() as f64 => Ok(()),
        Some(_) => Err("subject_token has expired"),
    }
}

fn parse_scope<'a>(params: &'a Params<'_>) -> Result<&'a str, Rejection> {
    let scope = params.get("scope").unwrap_or(DEFAULT_SCOPE);
    if scope.split(' ').all(|scope| ["inference", "management"].contains(&scope)) {
        return Ok(scope);
    }
    Err(rejection("invalid_scope", "scope must be inference or management"))
}

fn invalid_request(description: impl Into<String>) -> Rejection {
    rejection("invalid_request", description)
}

fn rejection(code: &'static str, description: impl Into<String>) -> Rejection {
    Rejection::OAuth(StatusCode::BAD_REQUEST, code, description.into())
}
