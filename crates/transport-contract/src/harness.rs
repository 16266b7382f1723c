//! What a scenario has at hand.

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

/// Nothing, or how the transport broke the contract.
pub(crate) type Outcome = Result<(), BoxError>;

/// How long a request may take that has no deadline of its own to show: long, since the machine may be busy.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// A transport, and the scheme of its servers.
pub(crate) struct Harness<'a> {
    pub(crate) transport: &'a dyn Transport,
    pub(crate) scheme: &'a Scheme,
}

impl Harness<'_> {
    /// A server that reads each request and plays `script`, given the number of requests before it.
    pub(crate) fn serve<F>(&self, script: F) -> io::Result<ScriptedServer>
    where
        F: Fn(&mut ScriptedConnection, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        self.serve_after(RunScript::AfterRequest, script)
    }

    /// The same, if not the whole request is to be read.
    pub(crate) fn serve_after<F>(&self, run: RunScript, script: F) -> io::Result<ScriptedServer>
    where
        F: Fn(&mut ScriptedConnection, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        ScriptedServer::scripted(self.scheme, SCENARIO_TIMEOUT, run, script)
    }

    /// A URL of a port that refuses connections, and what keeps it closed.
    pub(crate) fn closed_port(&self) -> io::Result<(String, ClosedPort)> {
        let port = ClosedPort::new()?;
        Ok((format!("{}:{}/", self.scheme.origin(), port.address().port()), port))
    }

    /// Sends this and waits for the end of it.
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> Result<Result<Response<Bytes>, Error>, BoxError> {
        let ended = within(REQUEST_TIMEOUT, self.transport.send(request, limits)).await;
        ended.map_err(|error| format!("`send` did not end within {REQUEST_TIMEOUT:?}: {error}").into())
    }

    /// Sends this and expects a response.
    pub(crate) async fn response(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        let sent = self.send(request, limits()).await?;
        sent.map_err(|error| {
            format!("an error was returned instead of a response: {}", error_chain(&error)).into()
        })
    }

    /// Sends this and expects an error.
    pub(crate) async fn error(&self, request: Request<Bytes>, limits: Limits) -> Result<Error, BoxError> {
        match self.send(request, limits).await? {
            Err(error) => Ok(error),
            Ok(response) => {
                let (status, length) = (response.status(), response.body().len());
                Err(format!("a response was returned instead of an error: {status} and {length} bytes")
                    .into())
            }
        }
    }
}

/// A small request that makes something.
pub(crate) fn post(server: &ScriptedServer) -> Request<Bytes> {
    post_of(server, Bytes::from_static(SMALL_BODY))
}

/// The body of [`post`].
pub(crate) const SMALL_BODY: &[u8] = br#"{"once":"only"}"#;

/// The same with this body.
pub(crate) fn post_of(server: &ScriptedServer, body: impl Into<Bytes>) -> Request<Bytes> {
    let mut request = Request::new(body.into());
    *request.method_mut() = http::Method::POST;
    // A URL of ours is one.
    *request.uri_mut() = server.url("/once").parse().unwrap_or_default();
    for (name, value) in [("content-type", "application/json"), ("accept", "application/json")] {
        request.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
    request
}

/// The limits of a request that is not about them.
pub(crate) fn limits() -> Limits {
    Limits::default().timeout(Some(REQUEST_TIMEOUT))
}

/// Expects a condition; otherwise the error is this text.
pub(crate) fn ensure(condition: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if condition { Ok(()) } else { Err(otherwise().into()) }
}

/// Expects so many requests to have arrived.
pub(crate) fn ensure_requests(server: &ScriptedServer, expected: usize) -> Outcome {
    let arrived = server.requests().len();
    ensure(arrived == expected, || format!("{arrived} requests arrived, not {expected}"))
}

/// Expects an error of this kind, which does not claim that nothing was sent.
pub(crate) fn ensure_kind(error: &Error, kind: ErrorKind) -> Outcome {
    ensure(error.kind() == kind, || format!("the error is not `{kind:?}`: {}", error_chain(error)))?;
    ensure_sent(error)
}

/// Expects an error that does not claim that nothing was sent.
pub(crate) fn ensure_sent(error: &Error) -> Outcome {
    ensure(error.may_have_been_sent(), || {
        format!("the server has the request, but the error says that it was not sent: {}", error_chain(error))
    })
}

/// Expects a response with status 200 and this body.
pub(crate) fn ensure_body(response: &Response<Bytes>, body: impl AsRef<[u8]>) -> Outcome {
    let (status, arrived) = (response.status(), response.body());
    let is_same = status == 200 && arrived == body.as_ref();
    ensure(is_same, || format!("the response is {status} with {:?}", arrived.slice(..arrived.len().min(64))))
}

/// An error and its causes, in one line.
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
