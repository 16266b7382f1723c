//! The context and helpers of scenarios.

use std::{error::Error as StdError, fmt::Write, io, time::Duration};

use bytes::Bytes;
use http::{Request, Response};

use crate::{
    closed_port::ClosedPort,
    scheme::Scheme,
    scripted_connection::ScriptedConnection,
    server::{RunScript, SCENARIO_TIMEOUT, ScriptedServer},
    wait::within,
};
use openrouter_oauth_transport::{BoxError, Error, ErrorKind, Limits, Transport};

/// The result of a scenario. An error describes how the transport violated the contract.
pub(crate) type Outcome = Result<(), BoxError>;

/// The timeout of a request in scenarios that do not test deadlines. It is long, because the machine may be busy.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// The transport under test, and the scheme of the servers.
pub(crate) struct Harness<'a> {
    pub(crate) transport: &'a dyn Transport,
    pub(crate) scheme: &'a Scheme,
}

impl Harness<'_> {
    /// Starts a server that reads each request, then runs `script` with the number of earlier requests.
    pub(crate) fn serve<F>(&self, script: F) -> io::Result<ScriptedServer>
    where
        F: Fn(&mut ScriptedConnection, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        self.serve_after(RunScript::AfterRequest, script)
    }

    /// Like [`serve`](Self::serve), but `run` decides how much of the request the server reads first.
    pub(crate) fn serve_after<F>(&self, run: RunScript, script: F) -> io::Result<ScriptedServer>
    where
        F: Fn(&mut ScriptedConnection, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        ScriptedServer::scripted(self.scheme, SCENARIO_TIMEOUT, run, script)
    }

    /// Returns a URL whose port refuses connections while the [`ClosedPort`] exists.
    pub(crate) fn closed_port(&self) -> io::Result<(String, ClosedPort)> {
        let port = ClosedPort::new()?;
        Ok((format!("{}:{}/", self.scheme.origin(), port.address().port()), port))
    }

    /// Sends `request` and waits for the result.
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> Result<Result<Response<Bytes>, Error>, BoxError> {
        let ended = within(REQUEST_TIMEOUT, self.transport.send(request, limits)).await;
        ended.map_err(|error| format!("`send` did not finish within {REQUEST_TIMEOUT:?}: {error}").into())
    }

    /// Sends `request` and expects a response.
    pub(crate) async fn response(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        let sent = self.send(request, limits()).await?;
        sent.map_err(|error| {
            format!("`send` returned an error instead of a response: {}", error_chain(&error)).into()
        })
    }

    /// Sends `request` and expects an error.
    pub(crate) async fn error(&self, request: Request<Bytes>, limits: Limits) -> Result<Error, BoxError> {
        match self.send(request, limits).await? {
            Err(error) => Ok(error),
            Ok(response) => {
                let (status, length) = (response.status(), response.body().len());
                Err(format!("`send` returned a response instead of an error: {status} and {length} bytes")
                    .into())
            }
        }
    }
}

/// Creates a small request that is not idempotent.
pub(crate) fn post(server: &ScriptedServer) -> Request<Bytes> {
    post_of(server, Bytes::from_static(SMALL_BODY))
}

/// The body of [`post`].
pub(crate) const SMALL_BODY: &[u8] = br#"{"once":"only"}"#;

/// Like [`post`], with this body.
pub(crate) fn post_of(server: &ScriptedServer, body: impl Into<Bytes>) -> Request<Bytes> {
    let mut request = Request::new(body.into());
    *request.method_mut() = http::Method::POST;
    // Parsing never fails, because the server's URLs are valid.
    *request.uri_mut() = server.url("/once").parse().unwrap_or_default();
    for (name, value) in [("content-type", "application/json"), ("accept", "application/json")] {
        request.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
    request
}

/// Returns the limits for scenarios that do not test limits.
pub(crate) fn limits() -> Limits {
    Limits::default().timeout(Some(REQUEST_TIMEOUT))
}

/// Returns an error with the text of `otherwise` unless `condition` is true.
pub(crate) fn ensure(condition: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if condition { Ok(()) } else { Err(otherwise().into()) }
}

/// Checks that `expected` requests have arrived.
pub(crate) fn ensure_requests(server: &ScriptedServer, expected: usize) -> Outcome {
    let arrived = server.requests().len();
    ensure(arrived == expected, || format!("{arrived} requests arrived instead of {expected}"))
}

/// Checks that the error is of this kind and not marked as not sent.
pub(crate) fn ensure_kind(error: &Error, kind: ErrorKind) -> Outcome {
    ensure(error.kind() == kind, || format!("the error is not `{kind:?}`: {}", error_chain(error)))?;
    ensure_sent(error)
}

/// Checks that the error is not marked as not sent.
pub(crate) fn ensure_sent(error: &Error) -> Outcome {
    ensure(error.may_have_been_sent(), || {
        format!("the server may have the request, but the error is marked `not_sent`: {}", error_chain(error))
    })
}

/// Checks that the response has status 200 and this body.
pub(crate) fn ensure_body(response: &Response<Bytes>, body: impl AsRef<[u8]>) -> Outcome {
    let (status, arrived, expected) = (response.status(), response.body(), body.as_ref());
    let start = |body: &[u8]| String::from_utf8_lossy(body.get(..64).unwrap_or(body)).into_owned();
    ensure(status == 200 && arrived == expected, || {
        format!("expected 200 OK with {:?}, got {status} with {:?}", start(expected), start(arrived))
    })
}

/// Formats an error and its causes on one line.
pub(crate) fn error_chain(error: &Error) -> String {
    let mut text = format!("{:?}, {error}", error.kind());
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a string does not fail.
        let _infallible = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
