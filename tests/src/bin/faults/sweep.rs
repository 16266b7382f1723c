//! The sweep: a fault of each kind at every byte.

// The handshake (F4), the request (F3 and F10 reset, F11 close, F12 stall), and the response (F20 close, F21 reset, F22
// stall).

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use openrouter_oauth::transport::Transport;
use openrouter_oauth_tests::Result;
use tokio::{
    sync::{Barrier, Semaphore, oneshot},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    backend::{Backend, SweepClient},
    case::{Case, Direction, FAULT_KINDS, Fault, FaultKind, Part, Protocol},
    operation::Operation,
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
    pub(crate) backend: Backend,
    /// Wraps the transport.
    pub(crate) wrap: fn(Arc<dyn Transport>) -> Arc<dyn Transport>,
    /// Whether calls have a deadline.
    pub(crate) has_deadline: bool,
    pub(crate) protocols: &'static [Protocol],
    pub(crate) operations: &'static [Operation],
    /// The responses over plain HTTP. Over HTTPS, there are always [`RESPONSES_OVER_TLS`].
    pub(crate) responses: &'static [ResponseKind],
    /// The distance between two faults, in bytes. The last byte of each part also has faults.
    pub(crate) stride: usize,
    /// Whether each operation and response has rows of its own. A row takes a second or more, because stalled calls wait
    /// for their deadline.
    pub(crate) has_long_table: bool,
    /// The minimum number of faults. With fewer, a part of the sweep no longer runs.
    pub(crate) min_cases: usize,
}

/// A fault at every byte over the default transport, unmodified.
const FULL_SWEEP: SweepPlan = SweepPlan {
    backend: Backend::Hyper,
    wrap: |transport| transport,
    has_deadline: true,
    protocols: &[Protocol::Http, Protocol::Https],
    operations: &Operation::ALL,
    responses: &ResponseKind::ALL_OVER_HTTP,
    stride: 1,
    has_long_table: true,
    min_cases: 20_000,
};

/// The same faults at fewer bytes. The distance is odd, so that the faults flip every bit of a byte.
const fn short_sweep(backend: Backend) -> SweepPlan {
    SweepPlan { backend, stride: 9, has_long_table: false, min_cases: 2_000, ..FULL_SWEEP }
}

/// The sweeps of every backend.
pub(crate) const SWEEPS: [SweepPlan; 3] =
    [FULL_SWEEP, short_sweep(Backend::Reqwest), short_sweep(Backend::Ureq)];

/// How many calls run at once. A stalled call only waits, but a handshake costs processor time.
fn workers(case: &Case) -> usize {
    match (case.fault_is(FaultKind::Stall), case.protocol, case.part) {
        (false, _, _) => 64,
        (true, Protocol::Https, Part::Request | Part::Response) => 256,
        (true, _, _) => 512,
    }
}

pub(crate) async fn run(plan: SweepPlan, table: &mut Table) -> Result<()> {
    table.begin_section();
    let sweep = Arc::new(Sweep::new(plan)?);
    for (name, cases) in sweep.rows().await? {
        sweep.add_row(name, cases, table).await?;
    }
    let cases = table.end_section(&format!("the sweep over {}", plan.backend.name()));
    if cases >= plan.min_cases {
        Ok(())
    } else {
        Err(format!("the sweep has {cases} faults, fewer than {}", plan.min_cases).into())
    }
}

/// TLS treats every response alike, so two are enough.
const RESPONSES_OVER_TLS: [ResponseKind; 2] = [FIRST_RESPONSE, ResponseKind::Rejection];

/// The response with which the sweep tests the handshake and the request.
const FIRST_RESPONSE: ResponseKind = ResponseKind::Success;

impl SweepPlan {
    /// Returns a case without a fault for each protocol, operation, and response.
    fn bases(self) -> impl Iterator<Item = Case> {
        let Self { backend, protocols, operations, .. } = self;
        let bases = protocols.iter().flat_map(move |&protocol| {
            let responses = if protocol == Protocol::Http { self.responses } else { &RESPONSES_OVER_TLS };
            operations.iter().flat_map(move |&operation| {
                responses.iter().map(move |&response| (protocol, operation, response))
            })
        });
        bases.map(move |(protocol, operation, response)| Case {
            backend,
            protocol,
            operation,
            part: Part::Request,
            response,
            fault: None,
            bytes_without_request: 0,
            bytes_with_status: 0,
        })
    }

    /// Returns the name of the row to which a case belongs.
    fn row_name(&self, case: &Case) -> String {
        let Case { protocol, operation, part, response, .. } = case;
        match part {
            _ if !self.has_long_table => format!("{protocol:?} {part:?}"),
            Part::Response => format!("{protocol:?} {operation:?} {part:?} {response:?}"),
            Part::Handshake | Part::Request => format!("{protocol:?} {operation:?} {part:?}"),
        }
    }
}

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
    /// For the last call of each worker, because hundreds of handshakes at once would take too long.
    last_calls: Semaphore,
    secret_forms: SecretForms,
}

const MAX_LAST_CALLS: usize = 8;

impl Sweep {
    fn new(plan: SweepPlan) -> Result<Self> {
        let (certificate, acceptor) = server::tls_acceptor();
        let transport = |connect_timeout| {
            let connect_timeout = Duration::from_millis(connect_timeout);
            Result::Ok((plan.wrap)(plan.backend.transport(connect_timeout, &certificate)?))
        };
        Ok(Self {
            plan,
            transport: transport(9_000)?,
            handshake_transport: transport(300)?,
            acceptor,
            last_calls: Semaphore::new(MAX_LAST_CALLS),
            secret_forms: SecretForms::new(&secrets()),
        })
    }

    /// Returns the cases of each row.
    async fn rows(self: &Arc<Self>) -> Result<Vec<(String, Vec<Case>)>> {
        let mut rows: Vec<(String, Vec<Case>)> = Vec::new();
        for base in self.plan.bases() {
            for case in Arc::clone(self).cases(base).await? {
                let name = self.plan.row_name(&case);
                match rows.iter_mut().find(|(row, _)| *row == name) {
                    Some((_, cases)) => cases.push(case),
                    None => rows.push((name, vec![case])),
                }
            }
        }
        Ok(rows)
    }

    /// Returns the faults of one response, and with the first response also those of the handshake and the request.
    async fn cases(self: Arc<Self>, base: Case) -> Result<Vec<Case>> {
        let stride = self.plan.stride;
        let part_ends = self.measure(base).await?;
        let base = Case {
            bytes_without_request: bytes_without_request(base.protocol, part_ends),
            bytes_with_status: bytes_with_status(&base),
            ..base
        };
        let PartEnds { hello, server_handshake, request, response, .. } = part_ends;
        let ranges = [
            (Part::Handshake, Direction::FromClient, 0..hello),
            (Part::Handshake, Direction::ToClient, 0..server_handshake),
            (Part::Request, Direction::FromClient, hello..request),
            (Part::Response, Direction::ToClient, server_handshake..response),
        ];
        let tested = ranges
            .into_iter()
            .filter(|(part, ..)| *part == Part::Response || base.response == FIRST_RESPONSE);
        let cases = tested.flat_map(|(part, direction, range)| {
            let Range { start, end } = range;
            // Without the last byte of a response, its JSON is complete.
            let offsets = range.filter(move |at| (at - start) % stride == 0 || at + 1 == end);
            let faults =
                offsets.flat_map(move |offset| FAULT_KINDS.map(|kind| Fault { direction, offset, kind }));
            faults.map(move |fault| Case { part, fault: Some(fault), ..base })
        });
        Ok(cases.collect())
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

    /// Runs the cases of a row.
    async fn add_row(self: &Arc<Self>, name: String, cases: Vec<Case>, table: &mut Table) -> Result<()> {
        let before = Resources::now()?;
        let start = Instant::now();
        let mut row = Row::new(name);
        let (stalls, others): (Vec<_>, Vec<_>) =
            cases.into_iter().partition(|case| case.fault_is(FaultKind::Stall));
        for cases in [others, stalls] {
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

    /// Distributes the cases to workers. In the end, each worker makes a call without a fault, which must succeed.
    async fn run(self: &Arc<Self>, cases: Vec<Case>, workers: usize, row: &mut Row) -> Result<()> {
        let last = cases.first().map(|case| Case { fault: None, ..*case });
        let cases = Arc::new(Mutex::new(cases.into_iter()));
        let all_cases_ended = Arc::new(Barrier::new(workers));
        let mut running = JoinSet::new();
        for _ in 0..workers {
            let (sweep, cases, all_cases_ended) =
                (Arc::clone(self), Arc::clone(&cases), Arc::clone(&all_cases_ended));
            running.spawn(async move {
                let mut results = Vec::new();
                let Some(last) = last else { return Ok(results) };
                let worker = Worker::open(sweep, &last)?;
                loop {
                    let next = cases.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(case) = next else { break };
                    results.push(worker.run(case).await?);
                }
                all_cases_ended.wait().await;
                let _permit = worker.sweep.last_calls.acquire().await?;
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

/// A client and its server, for one case at a time.
struct Worker {
    sweep: Arc<Sweep>,
    server: FaultServer,
    client: SweepClient,
}

impl Worker {
    fn open(sweep: Arc<Sweep>, case: &Case) -> Result<Self> {
        let server = FaultServer::open(sweep.acceptor.clone())?;
        let scheme = if case.protocol == Protocol::Http { "http" } else { "https" };
        let transport =
            if case.part == Part::Handshake { &sweep.handshake_transport } else { &sweep.transport };
        let base_url = format!("{scheme}://{}/api/v1", server.address()?);
        let client = sweep.plan.backend.client(Arc::clone(transport), base_url)?;
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
        let deadline = if self.sweep.plan.has_deadline { limit } else { Duration::MAX };
        let call = self.client.call(case.operation, deadline);
        let outcome = timeout(limit + DEADLINE_MARGIN, call).await.ok().transpose()?;
        let duration = start.elapsed();
        drop(end);
        Ok((CallEnd { outcome, duration }, server.await??))
    }
}
