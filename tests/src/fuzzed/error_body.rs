//! The body of a rejection.

use http::StatusCode;
use openrouter_oauth_models::{
    ApiError, AuthorizationCode, CodeChallengeMethod, CodeVerifier, ExchangeAuthCode,
};

use super::{
    checks::{assert_fit_to_show, assert_printable},
    lines::split_line,
};
use crate::canary;

/// Checks the body of a rejection, below its status on the first line: the message is printable, short, and contains no
/// secret of the request.
pub fn error_body(data: &[u8]) {
    // C-23
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

    // The reason does not depend on the secrets that are redacted.
    let again = ApiError::read(&request, None, status, body);
    assert_eq!((error.reason(), error.code()), (again.reason(), again.code()));
    if let Some(envelope) = error.envelope() {
        // Reading and writing support the same three envelopes.
        let written = serde_json::to_vec(envelope).unwrap();
        if written.len() <= 8 * 1024 {
            let again = ApiError::read(&request, Some(canary::TOKEN), status, &written);
            assert_eq!((error.message(), error.reason()), (again.message(), again.reason()));
        }
    }
}
