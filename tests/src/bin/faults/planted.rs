//! Transports that break a rule. The sweep, the proxies, or the lives of keys must detect each of them.

use std::{
    error::Error as _,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::RETRY_AFTER};
use openrouter_oauth::{
    transport::{Error, ErrorKind, Limits, ResponseFuture, Transport},
    transport_hyper::HyperTransport,
};
use openrouter_oauth_emulator::Emulator;
use openrouter_oauth_tests::Result;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    backend::Backend,
    case::Protocol,
    many_keys,
    operation::Operation,
    proxies,
    response::ResponseKind,
    sweep::{self, SweepPlan},
    table::Table,
    verdict::Rule,
};

/// The distance between two faults, in bytes. The faults still hit each part many times.
const STRIDE: usize = 29;

/// Runs the sweep, the proxies, or the lives of keys with each transport. Returns whether they reported the rule that each one breaks.
pub(crate) async fn run() -> Result<bool> {
    let plan = |wrap, has_deadline| SweepPlan {
        backend: Backend::Hyper,
        wrap,
        has_deadline,
        protocols: &[Protocol::Http],
        operations: &[Operation::Exchange],
        responses: &[ResponseKind::Success, ResponseKind::Rejection],
        stride: STRIDE,
        has_long_table: false,
        min_cases: 1,
    };
    let claims_unsent = plan(|inner| Arc::new(ClaimsUnsent(inner)), true);
    let planted: [(&str, SweepPlan, Rule); 6] = [
        ("sends twice", plan(|inner| Arc::new(SendsTwice(inner)), true), Rule::Once),
        ("returns a truncated body", plan(|_| Arc::new(IgnoresLength), true), Rule::Class),
        ("reports every error as not sent", claims_unsent, Rule::Class),
        ("the same, and blocks", SweepPlan { backend: Backend::Ureq, ..claims_unsent }, Rule::Class),
        ("has no deadline", plan(|inner| Arc::new(IgnoresDeadline(inner)), false), Rule::Deadline),
        ("shows a secret in an error", plan(|inner| Arc::new(LeaksRequest(inner)), true), Rule::Secret),
    ];
    let mut all_detected = true;
    for (name, plan, rule) in planted {
        let mut table = Table::silent();
        sweep::run(plan, &mut table).await?;
        all_detected &= report(name, &table, &[rule]);
    }
    let planted_at_proxies: [(&str, Wrap, &[Rule]); 3] = [
        ("trusts the bare status", |inner| Arc::new(TrustsStatus(inner)), &[Rule::Foreign, Rule::Doubt]),
        ("trusts a bare 503", |inner| Arc::new(TrustsBare503(inner)), &[Rule::Doubt]),
        ("sends again after a 502", |inner| Arc::new(SendsAgainAfter502(inner)), &[Rule::Once]),
    ];
    for (name, wrap, rules) in planted_at_proxies {
        let mut table = Table::silent();
        proxies::run(wrap, &mut table).await?;
        all_detected &= report(name, &table, rules);
    }
    let mut table = Table::silent();
    let remembers =
        |emulator| -> Arc<dyn Transport> { Arc::new(RemembersResponses(emulator, Mutex::default())) };
    many_keys::run(remembers, 2 * many_keys::FIRST_LIVES, &mut table).await?;
    all_detected &= report("remembers every response", &table, &[Rule::Memory]);
    Ok(all_detected)
}

type Wrap = fn(HyperTransport) -> Arc<dyn Transport>;

/// Prints whether each of the rules was broken, and returns it.
fn report(name: &str, table: &Table, rules: &[Rule]) -> bool {
    rules.iter().fold(true, |all_detected, &rule| {
        let broken = table.violations_of(rule);
        let verdict = if broken > 0 { "detected" } else { "NOT DETECTED" };
        println!("{name:<36} {verdict}: {rule:?} broken {broken} times; {}", table.summary());
        all_detected && broken > 0
    })
}

/// Sends a failed request once more.
#[derive(Debug)]
struct SendsTwice(Arc<dyn Transport>);

impl Transport for SendsTwice {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move {
            match self.0.send(request.clone(), limits).await {
                Err(error) if error.may_have_been_sent() => self.0.send(request, limits).await,
                response => response,
            }
        })
    }
}

/// Reports every error as not sent.
#[derive(Debug)]
struct ClaimsUnsent(Arc<dyn Transport>);

impl Transport for ClaimsUnsent {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move { self.0.send(request, limits).await.map_err(Error::not_sent) })
    }
}

/// Ends the body where the connection ends, regardless of `content-length`.
#[derive(Debug)]
struct IgnoresLength;

impl Transport for IgnoresLength {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move {
            let exchange = Self::exchange(request);
            let limit = limits.timeout.unwrap_or_default();
            let response = tokio::time::timeout(limit, exchange).await;
            response.map_err(|_| Error::from(ErrorKind::Timeout))?.ok_or_else(|| ErrorKind::Io.into())
        })
    }
}

impl IgnoresLength {
    async fn exchange(request: Request<Bytes>) -> Option<Response<Bytes>> {
        let (head, body) = request.into_parts();
        let mut tcp = TcpStream::connect(head.uri.authority()?.as_str()).await.ok()?;
        let mut bytes =
            format!("POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", head.uri.path(), body.len());
        bytes.push_str(std::str::from_utf8(&body).ok()?);
        tcp.write_all(bytes.as_bytes()).await.ok()?;
        tcp.shutdown().await.ok()?;
        let mut response = Vec::new();
        let _broken = tcp.read_to_end(&mut response).await;
        let response = String::from_utf8(response).ok()?;
        let (head, body) = response.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse::<u16>().ok()?;
        Response::builder().status(status).body(Bytes::from(body.to_owned())).ok()
    }
}

/// Ignores the deadline.
#[derive(Debug)]
struct IgnoresDeadline(Arc<dyn Transport>);

impl Transport for IgnoresDeadline {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        self.0.send(request, limits.timeout(None))
    }
}

/// Puts the body of the request into its errors.
#[derive(Debug)]
struct LeaksRequest(Arc<dyn Transport>);

impl Transport for LeaksRequest {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        Box::pin(async move {
            let response = self.0.send(request, limits).await;
            response.map_err(|error| {
                let cause = error.source().map(ToString::to_string).unwrap_or_default();
                let leaking = Error::new(error.kind(), format!("{cause}, of the request {body}"));
                if error.may_have_been_sent() { leaking } else { leaking.not_sent() }
            })
        })
    }
}

/// Turns every 4XX into OpenRouter's own, as a client does that looks only at the status.
#[derive(Debug)]
struct TrustsStatus(HyperTransport);

impl Transport for TrustsStatus {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move {
            let mut response = self.0.send(request, limits).await?;
            if response.status().is_client_error() {
                let code = response.status().as_u16();
                *response.body_mut() = format!(r#"{{"error":{{"code":{code},"message":"No"}}}}"#).into();
            }
            Ok(response)
        })
    }
}

/// Adds a `Retry-After` to every 503, as a client does that takes any 503 for a request that was turned away.
#[derive(Debug)]
struct TrustsBare503(HyperTransport);

impl Transport for TrustsBare503 {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move {
            let mut response = self.0.send(request, limits).await?;
            if response.status() == StatusCode::SERVICE_UNAVAILABLE {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Ok(response)
        })
    }
}

/// Sends a request again after a 502.
#[derive(Debug)]
struct SendsAgainAfter502(HyperTransport);

impl Transport for SendsAgainAfter502 {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move {
            match self.0.send(request.clone(), limits).await {
                Ok(response) if response.status() == StatusCode::BAD_GATEWAY => {
                    self.0.send(request, limits).await
                }
                response => response,
            }
        })
    }
}

/// Keeps the body of every response.
#[derive(Debug)]
struct RemembersResponses(Emulator, Mutex<Vec<Bytes>>);

impl Transport for RemembersResponses {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move {
            let response = self.0.send(request, limits).await?;
            self.1.lock().unwrap_or_else(PoisonError::into_inner).push(response.body().clone());
            Ok(response)
        })
    }
}
