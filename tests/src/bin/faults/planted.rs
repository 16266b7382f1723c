//! The proof of the proof: transports that break a rule, each of which the sweep must notice.

use std::{error::Error as _, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth::{
    transport::{Error, ErrorKind, Limits, ResponseFuture, Transport},
    transport_hyper::HyperTransport,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    Result,
    case::Protocol,
    operation::Operation,
    response::Answer,
    sweep::{self, Plan},
    table::Table,
    verdict::Rule,
};

/// Every so many bytes: enough to hit each part many times.
const STRIDE: usize = 29;

/// Whether each was noticed, by the rule that it breaks.
pub(crate) async fn run() -> Result<bool> {
    let plan = |wrap, has_deadline| Plan {
        wrap,
        has_deadline,
        protocols: &[Protocol::Http],
        operations: &[Operation::Exchange],
        answers: &[Answer::Success, Answer::Refusal],
        stride: STRIDE,
    };
    let planted: [(&str, Plan, Rule); 5] = [
        ("sends twice", plan(|inner| Arc::new(Twice(inner)), true), Rule::Once),
        ("returns a cut body as a whole one", plan(|_| Arc::new(Cut), true), Rule::Class),
        ("calls all unsent", plan(|inner| Arc::new(Unsent(inner)), true), Rule::Class),
        ("has no deadline", plan(|inner| Arc::new(Endless(inner)), false), Rule::Deadline),
        ("shows a secret in an error", plan(|inner| Arc::new(Telling(inner)), true), Rule::Secret),
    ];
    let mut all_noticed = true;
    for (name, plan, rule) in planted {
        let mut table = Table::quiet();
        sweep::run(plan, &mut table).await?;
        let missed = table.missed(rule);
        let verdict = if missed > 0 { "noticed" } else { "NOT NOTICED" };
        println!("{name:<36} {verdict}: {rule:?} broken {missed} times; {}", table.sum());
        all_noticed &= missed > 0;
    }
    Ok(all_noticed)
}

/// Sends everything once more if it fails.
#[derive(Debug)]
struct Twice(HyperTransport);

impl Transport for Twice {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move {
            match self.0.send(request.clone(), limits).await {
                Err(error) if error.may_have_been_sent() => self.0.send(request, limits).await,
                answer => answer,
            }
        })
    }
}

/// Says of every failure that nothing was sent.
#[derive(Debug)]
struct Unsent(HyperTransport);

impl Transport for Unsent {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move { self.0.send(request, limits).await.map_err(Error::not_sent) })
    }
}

/// Takes the end of the connection for that of the body, whatever length was announced.
#[derive(Debug)]
struct Cut;

impl Transport for Cut {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move {
            let exchange = Self::exchange(request);
            let limit = limits.timeout.unwrap_or_default();
            let answer = tokio::time::timeout(limit, exchange).await;
            answer.map_err(|_| Error::from(ErrorKind::Timeout))?.ok_or_else(|| ErrorKind::Io.into())
        })
    }
}

impl Cut {
    async fn exchange(request: Request<Bytes>) -> Option<Response<Bytes>> {
        let (head, body) = request.into_parts();
        let mut tcp = TcpStream::connect(head.uri.authority()?.as_str()).await.ok()?;
        let mut bytes =
            format!("POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", head.uri.path(), body.len());
        bytes.push_str(std::str::from_utf8(&body).ok()?);
        tcp.write_all(bytes.as_bytes()).await.ok()?;
        tcp.shutdown().await.ok()?;
        let mut answer = Vec::new();
        let _broken = tcp.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse::<u16>().ok()?;
        Response::builder().status(status).body(Bytes::from(body.to_owned())).ok()
    }
}

/// Waits for ever.
#[derive(Debug)]
struct Endless(HyperTransport);

impl Transport for Endless {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        self.0.send(request, limits.timeout(None))
    }
}

/// Puts the request into its errors.
#[derive(Debug)]
struct Telling(HyperTransport);

impl Transport for Telling {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        Box::pin(async move {
            let answer = self.0.send(request, limits).await;
            answer.map_err(|error| {
                let cause = error.source().map(ToString::to_string).unwrap_or_default();
                let told = Error::new(error.kind(), format!("{cause}, of the request {body}"));
                if error.may_have_been_sent() { told } else { told.not_sent() }
            })
        })
    }
}
