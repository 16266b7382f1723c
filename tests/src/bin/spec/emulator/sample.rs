//! A response of the emulator.

use bytes::Bytes;
use http::{Method, Request};
use openrouter_oauth_emulator::Emulator;
use openrouter_oauth_transport::{Limits, Transport};
use serde_json::Value;

/// A response, and the request that it belongs to.
pub(crate) struct Sample {
    /// The path of the operation, as in the document.
    pub(crate) path: &'static str,
    /// What the request is about.
    pub(crate) case: &'static str,
    pub(crate) expected: u16,
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

/// A request to send.
pub(crate) struct Call {
    pub(crate) path: &'static str,
    pub(crate) case: &'static str,
    pub(crate) expected: u16,
    pub(crate) bearer: Option<String>,
    /// Sent with POST; without a body, the method is GET.
    pub(crate) body: Option<String>,
}

impl Call {
    pub(crate) async fn send(self, emulator: &Emulator) -> Result<Sample, String> {
        let Self { path, case, expected, bearer, body } = self;
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("https://openrouter.ai/api/v1{path}"))
            .header("content-type", "application/json");
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let request = request.body(body.unwrap_or_default().into()).map_err(|error| error.to_string())?;
        let response = emulator.send(request, Limits::default()).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        Ok(Sample { path, case, expected, status, body: response.into_body() })
    }
}

impl Sample {
    /// Returns the string at `pointer` in the body.
    pub(crate) fn text(&self, pointer: &str) -> Result<String, String> {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| format!("{}: {} has no {pointer}", self.path, self.case))
    }
}
