//! The sweep: a fault of each kind at every byte. Each row of the table is one protocol, operation and part.

// The handshake (F4), the request (F3 and F10 reset, F11 close, F12 stall), and the response (F20 close, F21 reset, F22
// stall).

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use openrouter_oauth::{
    Client, Retry,
    transport::Transport,
    transport_hyper::{HyperTransport, TokioTimer},
};
use openrouter_oauth_tests::Result;
use tokio::{sync::oneshot, task::JoinSet, time::timeout};
use tokio_rustls::TlsAcceptor;

use crate::{
    case::{Case, Direction, Fault, FaultKind, Part, Protocol},
    operation::{Operation, own_key},
    resources::Resources,
    response::{OutcomeClass, ResponseKind},
    secret_forms::SecretForms,
    server::{self, FaultServer, Observed, PartEnds},
    table::{Row, Table},
    verdict::{CallEnd, CaseResult, DEADLINE_MARGIN, Rule, Violation, check, secrets},
};

/// The coverage of the sweep.
#[derive(Clone, Copy)]
pub(crate) struct SweepPlan {
    /// Wraps the transport.
    pub(crate) wrap: fn(HyperTransport) -> Arc<dyn Transport>,
    /// Whether the SDK enforces the deadline as well as the transport.
    pub(crate) has_deadline: bool,
    pub(crate) protocols: &'static [Protocol],
    pub(crate) operations: &'static [Operation],
    /// The responses over plain HTTP. Over HTTPS, there are always [`RESPONSES_OVER_TLS`].
    pub(crate) responses: &'static [ResponseKind],
    /// The distance between two faults, in bytes.
    pub(crate) stride: usize,
}

/// A fault at every byte, with the unmodified transport.
pub(crate) const FULL_SWEEP: SweepPlan = SweepPlan {
    wrap: |transport| Arc::new(transport),
    has_deadline: true,
    protocols: &[Protocol::Http, Protocol::Https],
    operations: &Operation::ALL,
    responses: &ResponseKind::ALL_OVER_HTTP,
    stride: 1,
};

/// How many calls run at once. A stalled call only waits, but a handshake costs processor time.
fn workers(case: &Case) -> usize {
    match (case.fault_is(FaultKind::Stall), case.protocol, case.part) {
        (false, _, _) => 64,
        (true, Protocol::Https, Part::Request | Part::Response) => 256,
        (true, _, _) => 512,
    }
}

pub(crate) async fn run(plan: SweepPlan, table: &mut Table) -> Result<()> {
    let (certificate, acceptor) = server::tls_acceptor();
    let sweep = Arc::new(Sweep::new(plan, &certificate, acceptor)?);
    for &protocol in plan.protocols {
        for &operation in plan.operations {
            let responses = if protocol == Protocol::Http { plan.responses } else { &RESPONSES_OVER_TLS };
            for (number, &response) in responses.iter().enumerate() {
                let base = Case {
                    protocol,
                    operation,
                    part: Part::Request,
                    response,
                    fault: None,
                    bytes_without_request: 0,
                    bytes_with_status: 0,
                };
                sweep.add_rows(base, number == 0, table).await?;
            }
        }
    }
    table.print_subtotal("the sweep");
    Ok(())
}

/// TLS treats every response alike, so two are enough.
const RESPONSES_OVER_TLS: [ResponseKind; 2] = [ResponseKind::Success, ResponseKind::Rejection];

/// The most bytes that a client sends without a request: over TLS, its handshake and an alert.
fn bytes_without_request(protocol: Protocol, part_ends: PartEnds) -> usize {
    match protocol {
        Protocol::Http => 0,
        Protocol::Https => part_ends.client_handshake + 64,
    }
}

/// How many bytes of a response a client needs to see its status.
fn bytes_with_status(base: &Case) -> usize {
    match base.protocol {
        Protocol::Http => base.response.head_bytes(base.operation),
        // The status is in one TLS record with the rest.
        Protocol::Https => usize::MAX,
    }
}

/// Shared by all rows.
struct Sweep {
    plan: SweepPlan,
    acceptor: TlsAcceptor,
    /// For the request and the response.
    transport: Arc<dyn Transport>,
    /// For the handshake. This client gives up on a connection early.
    handshake_transport: Arc<dyn Transport>,
    secret_forms: SecretForms,
}

impl Sweep {
    fn new(plan: SweepPlan, certificate: &[u8], acceptor: TlsAcceptor) -> Result<Self> {
        let builder = |connect: u64| {
            HyperTransport::builder()
                .connect_timeout(Duration::from_millis(connect))
                .idle_timeout(Duration::ZERO)
                .add_root_certificates_der(certificate)
        };
        let transport = (plan.wrap)(builder(9_000).build()?);
        let handshake_transport = (plan.wrap)(builder(300).build()?);
        Ok(Self {
            plan,
            acceptor,
            transport,
            handshake_transport,
            secret_forms: SecretForms::new(&secrets()),
        })
    }

    /// Adds the row of one response. With the first response, also adds the rows of the handshake and the request.
    async fn add_rows(self: &Arc<Self>, base: Case, is_first: bool, table: &mut Table) -> Result<()> {
        let part_ends = Arc::clone(self).measure(base).await?;
        let base = Case {
            bytes_without_request: bytes_without_request(base.protocol, part_ends),
            bytes_with_status: bytes_with_status(&base),
            ..base
        };
        if is_first {
            let handshake = [
                (Direction::FromClient, 0..part_ends.hello),
                (Direction::ToClient, 0..part_ends.server_handshake),
            ];
            self.add_row(base, Part::Handshake, &handshake, table).await?;
            self.add_row(
                base,
                Part::Request,
                &[(Direction::FromClient, part_ends.hello..part_ends.request)],
                table,
            )
            .await?;
        }
        self.add_row(
            base,
            Part::Response,
            &[(Direction::ToClient, part_ends.server_handshake..part_ends.response)],
            table,
        )
        .await
    }

    /// Makes one call without a fault to measure where the parts of a connection end.
    async fn measure(self: Arc<Self>, case: Case) -> Result<PartEnds> {
        let worker = Worker::open(self, &case)?;
        let (end, observed) = worker.call(case).await?;
        let class = end.outcome.map(|outcome| OutcomeClass::from_outcome(&case, &outcome));
        // If this call fails, the sweep has nothing to measure.
        if class == Some(case.response.class()) {
            Ok(observed.part_ends)
        } else {
            Err(format!("{case:?}: {class:?}").into())
        }
    }

    /// Runs every fault of a part.
    async fn add_row(
        self: &Arc<Self>,
        base: Case,
        part: Part,
        ranges: &[(Direction, Range<usize>)],
        table: &mut Table,
    ) -> Result<()> {
        let before = Resources::now()?;
        let start = Instant::now();
        let mut row = Row::new(base, part);
        for kinds in [&[FaultKind::Close, FaultKind::Reset, FaultKind::Flip][..], &[FaultKind::Stall]] {
            let cases = cases(base, part, ranges, kinds, self.plan.stride);
            if let Some(case) = cases.first() {
                let workers = workers(case).min(cases.len());
                self.run(cases, workers, &mut row).await?;
            }
        }
        if let Some(leak) = before.settle().await? {
            row.add_violation(Violation { rule: Rule::Leak, text: leak });
        }
        row.duration = start.elapsed();
        table.add(row);
        Ok(())
    }

    /// Distributes the cases to workers. Each worker ends with a call without a fault, which must succeed.
    async fn run(self: &Arc<Self>, cases: Vec<Case>, workers: usize, row: &mut Row) -> Result<()> {
        let last = cases.first().map(|case| Case { fault: None, ..*case });
        let cases = Arc::new(Mutex::new(cases.into_iter()));
        let mut running = JoinSet::new();
        for _ in 0..workers {
            let (sweep, cases) = (Arc::clone(self), Arc::clone(&cases));
            running.spawn(async move {
                let mut results = Vec::new();
                let Some(last) = last else { return Ok(results) };
                let worker = Worker::open(sweep, &last)?;
                loop {
                    let next = cases.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(case) = next else { break };
                    results.push(worker.run(case).await?);
                }
                results.push(worker.run(last).await?);
                Result::Ok(results)
            });
        }
        while let Some(results) = running.join_next().await {
            for result in results?? {
                row.add(result);
            }
        }
        Ok(())
    }
}

/// Returns one case for each of these kinds at every byte.
fn cases(
    base: Case,
    part: Part,
    ranges: &[(Direction, Range<usize>)],
    kinds: &[FaultKind],
    stride: usize,
) -> Vec<Case> {
    let faults = ranges.iter().flat_map(|(direction, range)| {
        let offsets = range.clone().step_by(stride);
        offsets.flat_map(move |offset| {
            kinds.iter().map(move |&kind| Fault { direction: *direction, offset, kind })
        })
    });
    faults.map(|fault| Case { part, fault: Some(fault), ..base }).collect()
}

/// A client and its server, for one case at a time.
struct Worker {
    sweep: Arc<Sweep>,
    server: FaultServer,
    client: Client,
}

impl Worker {
    fn open(sweep: Arc<Sweep>, case: &Case) -> Result<Self> {
        let server = FaultServer::open(sweep.acceptor.clone())?;
        let scheme = if case.protocol == Protocol::Http { "http" } else { "https" };
        let transport =
            if case.part == Part::Handshake { &sweep.handshake_transport } else { &sweep.transport };
        let client = Client::builder()
            .base_url(format!("{scheme}://{}/api/v1", server.address()?))
            .transport(Arc::clone(transport))
            .timer(TokioTimer::default())
            .retry(Retry::default().initial_backoff(Duration::from_millis(1)))
            .api_key(own_key()?)
            .build()?;
        Ok(Self { sweep, server, client })
    }

    async fn run(&self, case: Case) -> Result<CaseResult> {
        let (end, observed) = self.call(case).await?;
        let class = end.outcome.as_ref().map(|outcome| OutcomeClass::from_outcome(&case, outcome));
        let violations = check(&case, &end, &observed, &self.sweep.secret_forms);
        Ok(CaseResult { case, class, requests: observed.requests, violations })
    }

    /// Makes the call, and waits until all its connections are closed.
    async fn call(&self, case: Case) -> Result<(CallEnd, Observed)> {
        let (end, ended) = oneshot::channel();
        let server = tokio::spawn(self.server.clone().serve(case, ended));
        let start = Instant::now();
        let limit = case.deadline();
        let call = case.operation.call(&self.client, self.sweep.plan.has_deadline.then_some(limit));
        let outcome = timeout(limit + DEADLINE_MARGIN, call).await.ok();
        let duration = start.elapsed();
        drop(end);
        Ok((CallEnd { outcome, duration }, server.await??))
    }
}
