//! The body of a refusal.

use http::StatusCode;
use openrouter_oauth_models::{
    ApiError, AuthorizationCode, CodeChallengeMethod, CodeVerifier, ExchangeAuthCode,
};

use super::{assert_fit_to_show, assert_printable, split_line};
use crate::canary;

/// A status on the first line and the body of a refusal below: what is shown is printable, short, and holds no secret of
/// the request (C-23).
pub fn error_body(data: &[u8]) {
    let (status, body) = split_line(data);
    let status = StatusCode::from_bytes(status).unwrap_or(StatusCode::BAD_REQUEST);
    let request = ExchangeAuthCode::new(AuthorizationCode::parse(canary::CODE).unwrap())
        .pkce(CodeVerifier::parse(canary::VERIFIER).unwrap(), CodeChallengeMethod::S256);
    let error = ApiError::read(&request, Some(canary::TOKEN), status, body);

    assert_eq!(error.status(), status);
    assert_eq!(error.raw_body(), &body[..body.len().min(16 * 1024)]);
    assert!(error.message().as_str().chars().count() <= 512);
    assert_printable(error.message().as_str());
    assert_fit_to_show(&error, &[canary::CODE, canary::VERIFIER, canary::TOKEN, "sk-or-"]);

    // What it means depends on what was kept, and not on what it was read beside.
    let again = ApiError::read(&request, None, status, body);
    assert_eq!((error.reason(), error.code()), (again.reason(), again.code()));
    if let Some(envelope) = error.envelope() {
        // Both the reading and the writing know the same three shapes.
        let written = serde_json::to_vec(envelope).unwrap();
        if written.len() <= 8 * 1024 {
            let again = ApiError::read(&request, Some(canary::TOKEN), status, &written);
            assert_eq!((error.message(), error.reason()), (again.message(), again.reason()));
        }
    }
}
