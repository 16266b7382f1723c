//! The limit of a server's connections, over real sockets.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use openrouter_oauth_emulator::{Emulator, EmulatorServer, Fault, Settings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::support::HEALTH;

/// Enough for a machine that also compiles.
const SOON: Duration = Duration::from_secs(20);

async fn serve(limit: usize) -> (Emulator, EmulatorServer) {
    let emulator = Emulator::with_settings(Settings::default().max_connections(limit));
    let server = emulator.serve(0).await.unwrap();
    (emulator, server)
}

async fn connect(addr: SocketAddr) -> TcpStream {
    TcpStream::connect(addr).await.unwrap()
}

/// Connects, sends a request, and returns whether a response arrives.
async fn is_served(addr: SocketAddr) -> bool {
    let mut stream = connect(addr).await;
    stream.write_all(HEALTH.as_bytes()).await.is_ok() && starts_response(&mut stream).await
}

async fn starts_response(stream: &mut TcpStream) -> bool {
    let mut start = [0; 15];
    timeout(SOON, stream.read_exact(&mut start)).await.unwrap().is_ok() && &start == b"HTTP/1.1 200 OK"
}

/// Returns whether the server closes the connection.
async fn closes(stream: &mut TcpStream) -> bool {
    // A reset also counts as closing.
    timeout(SOON, stream.read(&mut [0; 256])).await.unwrap().unwrap_or(0) == 0
}

/// Returns whether the connection stays open, and silent, for a short time.
async fn stays_open(stream: &mut TcpStream) -> bool {
    timeout(Duration::from_millis(200), stream.read(&mut [0; 256])).await.is_err()
}

/// Sends a request whose response arrives after `delay`. Returns once the server processes it.
async fn busy(emulator: &Emulator, addr: SocketAddr, delay: Duration) -> JoinHandle<bool> {
    emulator.inject(Fault::delay(delay).on("/oauth/jwks"));
    let before = emulator.requests("/oauth/jwks");
    let mut stream = connect(addr).await;
    stream.write_all(b"GET /api/v1/oauth/jwks HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    while emulator.requests("/oauth/jwks") == before {
        sleep(Duration::from_millis(1)).await;
    }
    tokio::spawn(async move { starts_response(&mut stream).await })
}

// Only on Unix can a test raise the limit of open files.
#[cfg(unix)]
#[tokio::test]
async fn busy_connections_survive_a_thousand_idle_ones() {
    if !has_descriptors(3_000) {
        return;
    }
    let (emulator, server) = serve(256).await;
    let delay = Duration::from_secs(600);
    let mut responses = tokio::task::JoinSet::new();
    for _ in 0..200 {
        emulator.inject(Fault::delay(delay).on("/oauth/jwks"));
        let mut stream = connect(server.addr()).await;
        stream.write_all(b"GET /api/v1/oauth/jwks HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        responses.spawn(async move {
            let mut start = [0; 15];
            stream.read_exact(&mut start).await.map(|_| start)
        });
    }
    let begun = Instant::now();
    while emulator.requests("/oauth/jwks") < 200 {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited too long for 200 requests");
        sleep(Duration::from_millis(1)).await;
    }
    let mut idle = Vec::new();
    for number in 0..1_000 {
        let mut stream = connect(server.addr()).await;
        if number % 2 == 1 {
            // The server may have closed it already.
            let _ = stream.write_all(b"GET /api/v1/key HTTP/1.1\r\nHost: x\r\n").await;
        }
        idle.push(stream);
    }
    assert!(is_served(server.addr()).await);
    assert!(responses.try_join_next().is_none(), "a response has begun, or a connection was closed");
    tokio::time::pause();
    tokio::time::advance(delay).await;
    for start in responses.join_all().await {
        assert_eq!(&start.unwrap(), b"HTTP/1.1 200 OK");
    }
}

#[tokio::test]
async fn connection_that_is_idle_longest_is_closed_first() {
    let (_, server) = serve(3).await;
    let mut nothing_sent = connect(server.addr()).await;
    let mut part_of_a_head = connect(server.addr()).await;
    part_of_a_head.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    sleep(Duration::from_millis(20)).await;
    let mut between_requests = connect(server.addr()).await;
    let keep_alive = HEALTH.replace("Connection: close\r\n", "");
    between_requests.write_all(keep_alive.as_bytes()).await.unwrap();
    assert!(starts_response(&mut between_requests).await);
    // More of the head does not make the connection newer.
    part_of_a_head.write_all(b" x\r\n").await.unwrap();

    let mut fourth = connect(server.addr()).await;
    assert!(closes(&mut nothing_sent).await);
    assert!(stays_open(&mut part_of_a_head).await);
    let mut fifth = connect(server.addr()).await;
    assert!(closes(&mut part_of_a_head).await);
    let mut rest = [0; 1_024];
    let _ = between_requests.read(&mut rest).await.unwrap();
    assert!(stays_open(&mut between_requests).await);
    between_requests.write_all(keep_alive.as_bytes()).await.unwrap();
    assert!(starts_response(&mut between_requests).await);
    let _ = between_requests.read(&mut rest).await.unwrap();

    // Its second request made it the newest one.
    let mut newer = Vec::new();
    for oldest in [&mut fourth, &mut fifth, &mut between_requests] {
        assert!(stays_open(oldest).await);
        newer.push(connect(server.addr()).await);
        assert!(closes(oldest).await);
    }
}

#[tokio::test]
async fn client_waits_while_every_connection_is_busy() {
    let (emulator, server) = serve(2).await;
    let delay = Duration::from_millis(500);
    let begun = Instant::now();
    let first = busy(&emulator, server.addr(), delay).await;
    let second = busy(&emulator, server.addr(), Duration::from_secs(5)).await;
    // Its request does not end the others, and it is served as soon as one of them is idle.
    assert!(is_served(server.addr()).await);
    assert!(begun.elapsed() >= delay && !second.is_finished(), "{:?}", begun.elapsed());
    assert!(first.await.unwrap() && second.await.unwrap());
}

#[tokio::test]
async fn response_that_is_read_slowly_keeps_its_connection() {
    let (emulator, server) = serve(1).await;
    let bytes = 32 * 1024 * 1024;
    emulator.inject(Fault::status(200).body("x".repeat(bytes)).on("/oauth/jwks"));
    let mut slow = connect(server.addr()).await;
    slow.write_all(b"GET /api/v1/oauth/jwks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut response = vec![0; 1_024];
    slow.read_exact(&mut response).await.unwrap();

    let addr = server.addr();
    let newcomer = tokio::spawn(is_served(addr));
    sleep(Duration::from_millis(200)).await;
    assert!(!newcomer.is_finished());
    timeout(SOON, slow.read_to_end(&mut response)).await.unwrap().unwrap();
    assert!(response.len() > bytes);
    assert!(newcomer.await.unwrap());
}

#[tokio::test]
async fn connection_without_the_rest_of_a_body_counts_as_idle() {
    let (_, server) = serve(1).await;
    let mut slow = connect(server.addr()).await;
    slow.write_all(b"POST /emulator/advance HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{")
        .await
        .unwrap();
    // The server has the head once it waits for the rest of the body.
    sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    assert!(is_served(server.addr()).await);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(closes(&mut slow).await);
}

#[tokio::test(start_paused = true)]
async fn client_that_reads_nothing_is_disconnected() {
    let (mut client, stream) = tokio::io::duplex(256);
    let begun = tokio::time::Instant::now();
    client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    // The response is larger than the buffer of the stream.
    Emulator::new().serve_stream(stream).await;
    assert_eq!(begun.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn fifty_clients_take_turns_with_one_connection() {
    // 0 counts as 1.
    let (_, server) = serve(0).await;
    let addr = server.addr();
    let client = move || async move {
        // On a slow machine, the server may close the connection before it has read the request.
        while !is_served(addr).await {}
    };
    let clients: Vec<_> = (0..50).map(|_| tokio::spawn(client())).collect();
    for client in clients {
        timeout(SOON, client).await.unwrap().unwrap();
    }
}

/// Returns whether this process may open so many files and sockets, after raising its limit if necessary.
#[cfg(unix)]
fn has_descriptors(needed: u64) -> bool {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return true;
    }
    let raised = Rlimit { current: Some(needed), maximum: limit.maximum };
    let is_raised = setrlimit(Resource::Nofile, raised).is_ok();
    if !is_raised {
        // Not `eprintln!`, because the test harness hides its output if the test passes.
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let line = format!("skipped: needs {needed} files, and may open {:?} ({test})\n", limit.maximum);
        std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
    }
    is_raised
}
