//! Sends endless responses and very slow ones. Memory must stay flat, and the call must end by its deadline.

// F23, F25, F26, F27

use std::{
    io, thread,
    time::{Duration, Instant},
};

use openrouter_oauth::{Client, Error};
use openrouter_oauth_tests::Result;
use openrouter_oauth_transport_contract::{RunScript, Scheme, ScriptedConnection, ScriptedServer};

use crate::{
    memory,
    operation::{Operation, own_key},
    response::ResponseKind,
    table::Table,
    verdict::{DEADLINE_MARGIN, Rule, Violation},
};

/// An endless response: a beginning, then the same piece again and again.
struct Flood {
    name: &'static str,
    head: &'static str,
    piece: String,
    pieces: usize,
    pause: Duration,
}

/// One operation is enough, because the memory does not depend on it.
const OPERATION: Operation = Operation::Exchange;

const DEADLINE: Duration = Duration::from_secs(1);

/// How much memory a call may use at its peak.
const MEMORY_LIMIT: usize = 1 << 20;

const EARLY_HINTS: &str = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";

const BODY_BYTES: usize = 300_000_000;
const PIECE_BYTES: usize = 1 << 16;

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let start = Instant::now();
    let (mut violations, mut max_grown, mut cases) = (Vec::new(), 0, 0);
    for flood in floods() {
        let (name, is_rejection) = (flood.name, flood.head.contains(" 403 "));
        let server =
            ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, move |peer, _| flood.send(peer))?;
        let client = Client::builder().base_url(server.url("/api/v1")).api_key(own_key()?).build()?;
        let (grown, took, outcome) = measured_call(&client).await;
        cases += 1;
        max_grown = max_grown.max(grown);
        let mut violate = |rule, text| violations.push(Violation { rule, text: format!("{name}: {text}") });
        let is_right = match &outcome {
            // The head is enough for a rejection.
            Err(Error::Api(_)) => is_rejection,
            Err(Error::OutcomeUnknown(_)) => !is_rejection,
            _ => false,
        };
        if !is_right {
            violate(Rule::Class, format!("{outcome:?}"));
        }
        if grown > MEMORY_LIMIT {
            violate(Rule::Memory, format!("{grown} bytes more at the peak"));
        }
        if took > DEADLINE + DEADLINE_MARGIN {
            violate(Rule::Deadline, format!("ended after {took:?}"));
        }
    }
    let details = format!("at most {} KiB at the peak", max_grown.div_ceil(1024));
    table.add_part("flood", cases, &details, violations, start.elapsed());
    Ok(())
}

/// Makes a call. Returns its peak memory use, its duration and its outcome.
async fn measured_call(client: &Client) -> (usize, Duration, std::result::Result<String, Error>) {
    let (before, start) = (memory::reset_peak(), Instant::now());
    let outcome = OPERATION.call(client, DEADLINE).await;
    (memory::peak().saturating_sub(before), start.elapsed(), outcome)
}

fn floods() -> Vec<Flood> {
    let many = |name, head, piece: String| {
        let pieces = BODY_BYTES / piece.len();
        Flood { name, head, piece, pieces, pause: Duration::ZERO }
    };
    let space = " ".repeat(PIECE_BYTES);
    let chunk = format!("{PIECE_BYTES:x}\r\n{space}\r\n");
    let response = String::from_utf8_lossy(&ResponseKind::Success.bytes(OPERATION)).into_owned();
    let mut floods = vec![
        many("a body of 300 MB", "HTTP/1.1 200 OK\r\ncontent-length: 300000000\r\n\r\n", space.clone()),
        many("300 MB in chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunk.clone()),
        many(
            "300 MB until the connection ends",
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
            space.clone(),
        ),
        many("a rejection of 300 MB", "HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n", chunk),
        many("endless headers", "HTTP/1.1 200 OK\r\n", "x-flood: 0123456789abcdef\r\n".repeat(1000)),
        many("an endless header", "HTTP/1.1 200 OK\r\nx-flood: ", "0123456789abcdef".repeat(1000)),
        many("an endless status", "HTTP/1.1 200 ", "O".repeat(PIECE_BYTES)),
        // Only the deadline ends this one.
        Flood { pieces: usize::MAX, ..many("endless 1xx responses", "", EARLY_HINTS.repeat(1000)) },
        many("endless chunk extensions", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", space),
    ];
    floods.push(Flood {
        name: "a byte every 50 ms",
        head: "",
        piece: response,
        pieces: 1,
        pause: Duration::from_millis(50),
    });
    floods
}

impl Flood {
    /// Sends the flood until the client closes the connection.
    fn send(&self, peer: &mut ScriptedConnection) -> io::Result<()> {
        peer.send(self.head.as_bytes())?;
        for _ in 0..self.pieces {
            if self.pause.is_zero() {
                peer.send(self.piece.as_bytes())?;
                continue;
            }
            for byte in self.piece.bytes() {
                peer.send(&[byte])?;
                thread::sleep(self.pause);
            }
        }
        Ok(())
    }
}
