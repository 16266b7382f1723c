//! The user in a test, who approves or denies a sign-in.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header::CONTENT_TYPE};
use openrouter_oauth_transport::{Error, Limits, Transport};
use serde_json::{Value, json};

use crate::DecisionOutcome;

/// A user in a test, who approves or denies sign-ins by posting to the authorize URL, over any transport.
///
/// See the [crate's documentation](crate) for examples. Clones share the transport.
#[derive(Clone, Debug)]
pub struct User {
    transport: Arc<dyn Transport>,
}

/// The error of [`User::approve`] and [`User::deny`].
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// The authorize URL is not an absolute URL.
    #[error("the authorize URL is not an absolute URL")]
    Url,
    /// The emulator did not respond.
    #[error("the emulator did not respond")]
    Transport(#[source] Error),
    /// The emulator rejected the request, and nothing was granted.
    #[error("the emulator rejected the request with {status}: {message}")]
    Rejected {
        /// The status of the response.
        status: StatusCode,
        /// The response's error message.
        message: String,
    },
    /// The response does not have the emulator's format.
    #[error("unexpected response ({0}); is this the emulator?")]
    Unexpected(StatusCode),
}

impl User {
    /// Creates a user who reaches the emulator through `transport`.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self { transport: Arc::new(transport) }
    }

    /// Approves the request in an authorize URL. `limit` replaces the URL's credit limit, in US dollars.
    ///
    /// # Errors
    ///
    /// Returns an error if `url` is not an absolute URL, if there is no response, or if the emulator rejects the
    /// request.
    pub async fn approve(&self, url: &str, limit: Option<f64>) -> Result<DecisionOutcome, DecisionError> {
        self.decide("approve", url, limit).await
    }

    /// Denies the request in an authorize URL.
    ///
    /// # Errors
    ///
    /// As for [`approve`](Self::approve).
    pub async fn deny(&self, url: &str) -> Result<DecisionOutcome, DecisionError> {
        self.decide("deny", url, None).await
    }

    async fn decide(
        &self,
        decision: &str,
        url: &str,
        limit: Option<f64>,
    ) -> Result<DecisionOutcome, DecisionError> {
        let request = decision_request(decision, url, limit).ok_or(DecisionError::Url)?;
        let sent = self.transport.send(request, Limits::default()).await;
        parse_outcome(&sent.map_err(DecisionError::Transport)?)
    }
}

/// Returns `None` if the URL is not absolute.
fn decision_request(decision: &str, url: &str, limit: Option<f64>) -> Option<Request<Bytes>> {
    let url: Uri = url.parse().ok()?;
    url.scheme().and(url.authority())?;
    // As text, because JSON has no number for an infinite limit, which the emulator must reject.
    let limit = limit.map(|limit| limit.to_string());
    let body = json!({ "decision": decision, "limit": limit });
    Request::post(url).header(CONTENT_TYPE, "application/json").body(body.to_string().into()).ok()
}

fn parse_outcome(response: &Response<Bytes>) -> Result<DecisionOutcome, DecisionError> {
    let status = response.status();
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    if let Some(message) = body.pointer("/error/message").and_then(Value::as_str) {
        return Err(DecisionError::Rejected { status, message: message.to_owned() });
    }
    let outcome = DecisionOutcome::from_json(&body).filter(|_| status == StatusCode::OK);
    outcome.ok_or(DecisionError::Unexpected(status))
}
