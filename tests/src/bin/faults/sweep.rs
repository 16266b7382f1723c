//! The byte-offset sweep: a fault of each kind at every byte, in cells of one protocol, operation and part.

// The handshake (F4), the request (F3 and F10 reset, F11 close, F12 stall), and the answer (F20 close, F21 reset, F22 stall).

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
use tokio::{sync::oneshot, task::JoinSet, time::timeout};
use tokio_rustls::TlsAcceptor;

use crate::{
    Result,
    case::{Case, Fault, Kind, Part, Protocol, Way},
    operation::{Operation, own_key},
    resources::Left,
    response::{Answer, Class},
    secret_forms::Needles,
    server::{self, Marks, Peer},
    table::{Cell, Table},
    verdict::{Done, Ended, MARGIN, Miss, Rule, judge, secrets},
};

/// How the sweep is run.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Puts something between the client and the network.
    pub(crate) wrap: fn(HyperTransport) -> Arc<dyn Transport>,
    /// Whether the SDK holds the deadline as well.
    pub(crate) has_deadline: bool,
    pub(crate) protocols: &'static [Protocol],
    pub(crate) operations: &'static [Operation],
    /// What is answered over plain HTTP.
    pub(crate) answers: &'static [Answer],
    /// Every so many bytes.
    pub(crate) stride: usize,
}

/// Every byte, and the transport as it is.
pub(crate) const WHOLE: Plan = Plan {
    wrap: |transport| Arc::new(transport),
    has_deadline: true,
    protocols: &[Protocol::Http, Protocol::Https],
    operations: &Operation::ALL,
    answers: &Answer::SHAPES,
    stride: 1,
};

/// How many calls run at once. A stalled one only waits; handshakes take the processor's time.
fn slots(case: &Case) -> usize {
    match (case.fault_is(Kind::Stall), case.protocol, case.part) {
        (false, _, _) => 64,
        (true, Protocol::Https, Part::Request | Part::Response) => 256,
        (true, _, _) => 512,
    }
}

pub(crate) async fn run(plan: Plan, table: &mut Table) -> Result<()> {
    let (certificate, acceptor) = server::identity()?;
    let lab = Arc::new(Lab::new(plan, &certificate, acceptor)?);
    for &protocol in plan.protocols {
        for &operation in plan.operations {
            let answers = if protocol == Protocol::Http { plan.answers } else { &ANSWERS_OVER_TLS };
            for (number, &answer) in answers.iter().enumerate() {
                let base = Case {
                    protocol,
                    operation,
                    part: Part::Request,
                    answer,
                    fault: None,
                    silent: 0,
                    told: 0,
                };
                lab.answer(base, number == 0, table).await?;
            }
        }
    }
    table.sub_total("the sweep");
    Ok(())
}

/// TLS does not look at what it carries.
const ANSWERS_OVER_TLS: [Answer; 2] = [Answer::Success, Answer::Refusal];

/// The most bytes of a client that has not sent a request: over TLS its handshake and a farewell.
fn silence(protocol: Protocol, marks: Marks) -> usize {
    match protocol {
        Protocol::Http => 0,
        Protocol::Https => marks.handshake_in + 64,
    }
}

/// How many bytes of an answer show its status to a client that gets no more.
fn told(base: &Case) -> usize {
    match base.protocol {
        Protocol::Http => base.answer.head_bytes(base.operation),
        // It comes in one record.
        Protocol::Https => usize::MAX,
    }
}

/// What the cells share.
struct Lab {
    plan: Plan,
    acceptor: TlsAcceptor,
    /// For all parts but the handshake.
    patient: Arc<dyn Transport>,
    /// Waits for a connection no longer than this many milliseconds.
    hasty: Arc<dyn Transport>,
    needles: Needles,
}

impl Lab {
    fn new(plan: Plan, certificate: &[u8], acceptor: TlsAcceptor) -> Result<Self> {
        let builder = |connect: u64| {
            HyperTransport::builder()
                .connect_timeout(Duration::from_millis(connect))
                .idle_timeout(Duration::ZERO)
                .add_root_certificates_der(certificate)
        };
        let patient = (plan.wrap)(builder(9_000).build()?);
        let hasty = (plan.wrap)(builder(300).build()?);
        Ok(Self { plan, acceptor, patient, hasty, needles: Needles::new(&secrets()) })
    }

    /// The cells of one answer; with the first one, those of what comes before it.
    async fn answer(self: &Arc<Self>, base: Case, is_first: bool, table: &mut Table) -> Result<()> {
        let marks = Arc::clone(self).rehearse(base).await?;
        let base = Case { silent: silence(base.protocol, marks), told: told(&base), ..base };
        if is_first {
            let handshake = [(Way::In, 0..marks.hello), (Way::Out, 0..marks.handshake_out)];
            self.cell(base, Part::Handshake, &handshake, table).await?;
            self.cell(base, Part::Request, &[(Way::In, marks.hello..marks.request)], table).await?;
        }
        self.cell(base, Part::Response, &[(Way::Out, marks.handshake_out..marks.response)], table).await
    }

    /// Learns where the parts of a connection end.
    async fn rehearse(self: Arc<Self>, case: Case) -> Result<Marks> {
        let slot = Slot::open(self, &case)?;
        let (ended, seen) = slot.call(case).await?;
        let class = ended.outcome.map(|outcome| Class::of(&case, &outcome));
        // Without this a call that does not work would have no bytes to break.
        if class == Some(case.answer.class()) {
            Ok(seen.marks)
        } else {
            Err(format!("{case:?}: {class:?}").into())
        }
    }

    /// Runs every fault of a part.
    async fn cell(
        self: &Arc<Self>,
        base: Case,
        part: Part,
        ranges: &[(Way, Range<usize>)],
        table: &mut Table,
    ) -> Result<()> {
        let before = Left::now()?;
        let begun = Instant::now();
        let mut cell = Cell::new(base, part);
        for kinds in [&[Kind::Close, Kind::Reset, Kind::Flip][..], &[Kind::Stall]] {
            let cases = cases(base, part, ranges, kinds, self.plan.stride);
            if let Some(case) = cases.first() {
                let slots = slots(case).min(cases.len());
                self.run(cases, slots, &mut cell).await?;
            }
        }
        if let Some(left) = before.settle().await? {
            cell.miss(Miss { rule: Rule::Left, text: left });
        }
        cell.took = begun.elapsed();
        table.add(cell);
        Ok(())
    }

    /// Hands the cases out to slots, and has the client of each make a good call in the end.
    async fn run(self: &Arc<Self>, cases: Vec<Case>, slots: usize, cell: &mut Cell) -> Result<()> {
        let last = cases.first().map(|case| Case { fault: None, ..*case });
        let cases = Arc::new(Mutex::new(cases.into_iter()));
        let mut running = JoinSet::new();
        for _ in 0..slots {
            let (lab, cases) = (Arc::clone(self), Arc::clone(&cases));
            running.spawn(async move {
                let mut results = Vec::new();
                let Some(last) = last else { return Ok(results) };
                let slot = Slot::open(lab, &last)?;
                loop {
                    let next = cases.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(case) = next else { break };
                    results.push(slot.run(case).await?);
                }
                results.push(slot.run(last).await?);
                Result::Ok(results)
            });
        }
        while let Some(results) = running.join_next().await {
            for result in results?? {
                cell.add(result);
            }
        }
        Ok(())
    }
}

/// A fault of each of these kinds at every byte.
fn cases(base: Case, part: Part, ranges: &[(Way, Range<usize>)], kinds: &[Kind], stride: usize) -> Vec<Case> {
    let faults = ranges.iter().flat_map(|(way, range)| {
        let offsets = range.clone().step_by(stride);
        offsets.flat_map(move |offset| kinds.iter().map(move |&kind| Fault { way: *way, offset, kind }))
    });
    faults.map(|fault| Case { part, fault: Some(fault), ..base }).collect()
}

/// A client and its peer, for one case at a time.
struct Slot {
    lab: Arc<Lab>,
    peer: Peer,
    client: Client,
}

impl Slot {
    fn open(lab: Arc<Lab>, case: &Case) -> Result<Self> {
        let peer = Peer::open(lab.acceptor.clone())?;
        let scheme = if case.protocol == Protocol::Http { "http" } else { "https" };
        let transport = if case.part == Part::Handshake { &lab.hasty } else { &lab.patient };
        let client = Client::builder()
            .base_url(format!("{scheme}://{}/api/v1", peer.address()?))
            .transport(Arc::clone(transport))
            .timer(TokioTimer::default())
            .retry(Retry::default().initial_backoff(Duration::from_millis(1)))
            .api_key(own_key()?)
            .build()?;
        Ok(Self { lab, peer, client })
    }

    async fn run(&self, case: Case) -> Result<Done> {
        let (ended, seen) = self.call(case).await?;
        let class = ended.outcome.as_ref().map(|outcome| Class::of(&case, outcome));
        let misses = judge(&case, &ended, &seen, &self.lab.needles);
        Ok(Done { case, class, posts: seen.posts, misses })
    }

    /// Makes the call, and waits until its connections are closed.
    async fn call(&self, case: Case) -> Result<(Ended, server::Seen)> {
        let (end, ended) = oneshot::channel();
        let peer = tokio::spawn(self.peer.clone().serve(case, ended));
        let begun = Instant::now();
        let limit = case.deadline();
        let call = case.operation.call(&self.client, self.lab.plan.has_deadline.then_some(limit));
        let outcome = timeout(limit + MARGIN, call).await.ok();
        let took = begun.elapsed();
        drop(end);
        Ok((Ended { outcome, took }, peer.await??))
    }
}
