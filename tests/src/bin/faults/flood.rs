//! Answers without end, and answers that hardly come: memory stays flat and the deadline holds (F23, F25,
//! F26, F27).

use std::{
    io, thread,
    time::{Duration, Instant},
};

use openrouter_oauth::{Client, Error};
use openrouter_oauth_transport_contract::{RunScript, Scheme, ScriptedConnection, ScriptedServer};

use crate::{
    Result,
    answer::Answer,
    case::{Operation, own_key},
    memory,
    table::Table,
    verdict::{MARGIN, Miss, Rule},
};

/// What comes in place of an answer: a beginning, and then the same again and again.
struct Flood {
    name: &'static str,
    head: &'static str,
    piece: String,
    pieces: usize,
    pause: Duration,
}

/// What is allocated does not depend on it.
const OPERATION: Operation = Operation::Exchange;

const DEADLINE: Duration = Duration::from_secs(1);

/// By so much may a call's peak be above what was allocated before.
const MOST_MEMORY: usize = 1 << 20;

const EARLY_HINTS: &str = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";

const BODY: usize = 300_000_000;
const PIECE: usize = 1 << 16;

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let begun = Instant::now();
    let (mut misses, mut most, mut cases) = (Vec::new(), 0, 0);
    for flood in floods() {
        let (name, refuses) = (flood.name, flood.head.contains(" 403 "));
        let server =
            ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, move |peer, _| flood.pour(peer))?;
        let client = Client::builder().base_url(server.url("/api/v1")).api_key(own_key()?).build()?;
        let (grown, took, outcome) = watched(&client).await;
        cases += 1;
        most = most.max(grown);
        let mut miss = |rule, text| misses.push(Miss { rule, text: format!("{name}: {text}") });
        let is_right = match &outcome {
            // The head says it.
            Err(Error::Api(_)) => refuses,
            Err(Error::OutcomeUnknown(_)) => !refuses,
            _ => false,
        };
        if !is_right {
            miss(Rule::Class, format!("{outcome:?}"));
        }
        if grown > MOST_MEMORY {
            miss(Rule::Memory, format!("{grown} bytes more at the peak"));
        }
        if took > DEADLINE + MARGIN {
            miss(Rule::Deadline, format!("over after {took:?}"));
        }
    }
    let says = format!("at most {} KiB above", most.div_ceil(1024));
    table.part("flood", cases, &says, misses, begun.elapsed());
    Ok(())
}

/// A call, what it allocated at the most, and what it took.
async fn watched(client: &Client) -> (usize, Duration, std::result::Result<String, Error>) {
    let (before, begun) = (memory::watch(), Instant::now());
    let outcome = OPERATION.call(client, Some(DEADLINE)).await;
    (memory::peak().saturating_sub(before), begun.elapsed(), outcome)
}

fn floods() -> Vec<Flood> {
    let many = |name, head, piece: String| {
        let pieces = BODY / piece.len();
        Flood { name, head, piece, pieces, pause: Duration::ZERO }
    };
    let space = " ".repeat(PIECE);
    let chunk = format!("{PIECE:x}\r\n{space}\r\n");
    let answer = String::from_utf8_lossy(&Answer::Success.bytes(OPERATION)).into_owned();
    let mut floods = vec![
        many("a body of 300 MB", "HTTP/1.1 200 OK\r\ncontent-length: 300000000\r\n\r\n", space.clone()),
        many("300 MB in chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunk.clone()),
        many("300 MB until the end", "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", space.clone()),
        many("a refusal of 300 MB", "HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n", chunk),
        many("headers without end", "HTTP/1.1 200 OK\r\n", "x-flood: 0123456789abcdef\r\n".repeat(1000)),
        many("a header without end", "HTTP/1.1 200 OK\r\nx-flood: ", "0123456789abcdef".repeat(1000)),
        many("a status without end", "HTTP/1.1 200 ", "O".repeat(PIECE)),
        // Only the deadline ends it.
        Flood { pieces: usize::MAX, ..many("1xx without end", "", EARLY_HINTS.repeat(1000)) },
        many(
            "extensions of a chunk without end",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;",
            space,
        ),
    ];
    floods.push(Flood {
        name: "a byte every 50 ms",
        head: "",
        piece: answer,
        pieces: 1,
        pause: Duration::from_millis(50),
    });
    floods
}

impl Flood {
    /// Answers until the client has gone.
    fn pour(&self, peer: &mut ScriptedConnection) -> io::Result<()> {
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
