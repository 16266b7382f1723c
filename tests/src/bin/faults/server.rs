//! A server that breaks its connections, one case at a time, and reports its observations.
//!
//! It works below TLS: it breaks a connection at any byte, and reports where the parts of a connection end. Each
//! connection is a task, unlike in the contract suite's server, which uses threads: here hundreds of connections stall
//! at once.

use std::{
    io, mem,
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
    sync::{Arc, Mutex, PoisonError},
};

use openrouter_oauth_tests::tls;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinSet,
};
use tokio_rustls::{TlsAcceptor, rustls::server::NoServerSessionStorage};

use crate::{
    case::{Case, Protocol},
    faulty_stream::FaultyStream,
    operation::Operation,
    response::ResponseKind,
};

/// A port that serves one case after another.
#[derive(Clone)]
pub(crate) struct FaultServer {
    listener: Arc<TcpListener>,
    /// The same socket, without tokio's cached readiness, so that the server sees a connection as soon as it arrives.
    backlog: Arc<StdListener>,
    acceptor: TlsAcceptor,
}

/// The server's observations of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// How many requests began to arrive.
    pub(crate) requests: usize,
    /// The most bytes that one connection received.
    pub(crate) max_bytes: usize,
    /// The response that was sent to its end.
    pub(crate) sent_response: Option<ResponseKind>,
    /// Where the parts of the last connection end.
    pub(crate) part_ends: PartEnds,
}

/// Where the parts of a connection end, in bytes of each direction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PartEnds {
    /// The client's first message of the handshake.
    pub(crate) hello: usize,
    /// The whole handshake of the client.
    pub(crate) client_handshake: usize,
    /// The whole handshake of the server.
    pub(crate) server_handshake: usize,
    /// Everything from the client, to the end of its request.
    pub(crate) request: usize,
    /// Everything to the client, to the end of the response.
    pub(crate) response: usize,
}

/// Collects the observations of a call's connections.
#[derive(Clone, Default)]
struct Observer(Arc<Mutex<Observed>>);

impl Observer {
    fn add(&self, change: impl FnOnce(&mut Observed)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take(&self) -> Observed {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A certificate for `127.0.0.1`, and a TLS acceptor for it whose handshakes all have the same length.
pub(crate) fn tls_acceptor() -> (Vec<u8>, TlsAcceptor) {
    let certificate = tls::certificate("127.0.0.1", (2020, 2100));
    let mut config = tls::server_config(&certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Disables resumption, so that every handshake is complete.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    (certificate.cert.der().to_vec(), TlsAcceptor::from(Arc::new(config)))
}

impl FaultServer {
    pub(crate) fn open(acceptor: TlsAcceptor) -> io::Result<Self> {
        let backlog = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        backlog.set_nonblocking(true)?;
        let listener = TcpListener::from_std(backlog.try_clone()?)?;
        Ok(Self { listener: Arc::new(listener), backlog: Arc::new(backlog), acceptor })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves every connection of a call until the call has ended and the client has closed all of them.
    pub(crate) async fn serve(self, case: Case, mut ended: oneshot::Receiver<()>) -> io::Result<Observed> {
        let observer = Observer::default();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                _ = &mut ended => break,
                accepted = self.listener.accept() => {
                    connections.spawn(self.clone().serve_connection(accepted?.0, case, observer.clone()));
                }
            }
        }
        while let Ok((tcp, _)) = self.backlog.accept() {
            tcp.set_nonblocking(true)?;
            connections.spawn(self.clone().serve_connection(
                TcpStream::from_std(tcp)?,
                case,
                observer.clone(),
            ));
        }
        while connections.join_next().await.is_some() {}
        Ok(observer.take())
    }

    async fn serve_connection(self, tcp: TcpStream, case: Case, observer: Observer) {
        let _late = tcp.set_nodelay(true);
        let mut connection = FaultyStream::new(tcp, case.fault);
        let (mut handshake, mut exchange) = ((0, 0), (0, 0));
        // The verdict depends on the observations, not on how the connection ends.
        let _broken = match case.protocol {
            Protocol::Http => match respond(&mut connection, case, &observer).await {
                Ok(()) => {
                    exchange = connection.bytes_so_far();
                    count_further_request(&mut connection, &observer).await
                }
                Err(error) => Err(error),
            },
            Protocol::Https => match self.acceptor.accept(&mut connection).await {
                Ok(mut stream) => {
                    let connection = &stream.get_ref().0;
                    handshake = connection.bytes_so_far();
                    match respond(&mut stream, case, &observer).await {
                        Ok(()) => {
                            let connection = &stream.get_ref().0;
                            exchange = connection.bytes_so_far();
                            count_further_request(&mut stream, &observer).await
                        }
                        Err(error) => Err(error),
                    }
                }
                Err(error) => Err(error),
            },
        };
        let hello = connection.read_at_first_write.filter(|_| case.protocol == Protocol::Https).unwrap_or(0);
        let max_bytes = connection.finish().await.len();
        observer.add(|observed| {
            observed.max_bytes = observed.max_bytes.max(max_bytes);
            let (client_handshake, server_handshake) = handshake;
            let (request, response) = exchange;
            observed.part_ends = PartEnds { hello, client_handshake, server_handshake, request, response };
            if case.protocol == Protocol::Http && max_bytes > 0 {
                observed.requests = observed.requests.max(1);
            }
        });
    }
}

/// Reads the request of a connection, and responds.
async fn respond(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    case: Case,
    observer: &Observer,
) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(4096);
    loop {
        let is_first = bytes.is_empty();
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if is_first {
            observer.add(|observed| observed.requests += 1);
        }
        if let Some(response) = response_to(&bytes, case) {
            stream.write_all(&response.bytes(case.operation)).await?;
            stream.flush().await?;
            observer.add(|observed| observed.sent_response = Some(response));
            return Ok(());
        }
    }
}

/// Waits for the client to close the connection. Counts another request if it sends one.
async fn count_further_request(stream: &mut (impl AsyncRead + Unpin), observer: &Observer) -> io::Result<()> {
    if stream.read(&mut [0; 4096]).await? > 0 {
        observer.add(|observed| observed.requests += 1);
    }
    Ok(())
}

/// Returns the response to a request, or `None` if the request is not complete yet.
fn response_to(bytes: &[u8], case: Case) -> Option<ResponseKind> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let (head, body) = bytes.split_at(end);
    let head = String::from_utf8_lossy(head);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    if length.and_then(|length| length.parse().ok()).is_some_and(|length| body.len() < length) {
        return None;
    }
    let request_line = format!("POST {} HTTP/1.1\r\n", case.operation.path());
    let is_right = head.starts_with(&request_line) && is_body_of(case.operation, body);
    Some(if is_right { case.response } else { ResponseKind::BadRequest })
}

fn is_body_of(operation: Operation, body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body == operation.body())
}
