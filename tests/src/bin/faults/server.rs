//! The other side: serves one case at a time, and tells what it saw.
//!
//! It is a fault injector and not a scripted server: it breaks a connection at a byte, below TLS, and tells
//! where the parts of a connection end. Hundreds of its connections stall at once, so they are tasks and not threads.

use std::{
    io, mem,
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
    sync::{Arc, Mutex, PoisonError},
};

use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig, crypto::ring::default_provider, pki_types::PrivateKeyDer,
        server::NoServerSessionStorage,
    },
};

use crate::{
    Result,
    case::{Case, Protocol},
    faulty_stream::Line,
    operation::Operation,
    response::Answer,
};

/// A port that serves cases, one after another.
#[derive(Clone)]
pub(crate) struct Peer {
    listener: Arc<TcpListener>,
    /// The same socket, asked without tokio's memory of whether somebody waits.
    queue: Arc<StdListener>,
    acceptor: TlsAcceptor,
}

/// What the peer saw of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Requests of which at least one byte was read.
    pub(crate) posts: usize,
    /// The most bytes that came over one connection.
    pub(crate) most: usize,
    /// What was answered, whole.
    pub(crate) answered: Option<Answer>,
    /// Where the parts of the last connection end.
    pub(crate) marks: Marks,
}

/// Where the parts of a connection end, in bytes of each way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    /// The client's first message of the handshake.
    pub(crate) hello: usize,
    /// The client's handshake.
    pub(crate) handshake_in: usize,
    /// The server's handshake.
    pub(crate) handshake_out: usize,
    /// All that the client sent.
    pub(crate) request: usize,
    /// All that it was sent.
    pub(crate) response: usize,
}

/// What the connections of a call note down.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Seen>>);

impl Notes {
    fn add(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take(&self) -> Seen {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A certificate for the loopback, and what serves it. Its signatures have one length, so that offsets stay.
pub(crate) fn identity() -> Result<(Vec<u8>, TlsAcceptor)> {
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.self_signed(&key)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der())?)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Every handshake is a whole one.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok((certificate.der().to_vec(), TlsAcceptor::from(Arc::new(config))))
}

impl Peer {
    pub(crate) fn open(acceptor: TlsAcceptor) -> io::Result<Self> {
        let queue = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        queue.set_nonblocking(true)?;
        let listener = TcpListener::from_std(queue.try_clone()?)?;
        Ok(Self { listener: Arc::new(listener), queue: Arc::new(queue), acceptor })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves every connection of a call until the call has ended and the client has closed all of them.
    pub(crate) async fn serve(self, case: Case, mut ended: oneshot::Receiver<()>) -> io::Result<Seen> {
        let notes = Notes::default();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                _ = &mut ended => break,
                accepted = self.listener.accept() => {
                    connections.spawn(self.clone().connection(accepted?.0, case, notes.clone()));
                }
            }
        }
        while let Ok((tcp, _)) = self.queue.accept() {
            tcp.set_nonblocking(true)?;
            connections.spawn(self.clone().connection(TcpStream::from_std(tcp)?, case, notes.clone()));
        }
        while connections.join_next().await.is_some() {}
        Ok(notes.take())
    }

    async fn connection(self, tcp: TcpStream, case: Case, notes: Notes) {
        let _late = tcp.set_nodelay(true);
        let mut line = Line::new(tcp, case.fault);
        let (mut handshake, mut whole) = ((0, 0), (0, 0));
        // How it breaks is the case's matter.
        let _broken = match case.protocol {
            Protocol::Http => match answer(&mut line, case, &notes).await {
                Ok(()) => {
                    whole = line.so_far();
                    again(&mut line, &notes).await
                }
                Err(error) => Err(error),
            },
            Protocol::Https => match self.acceptor.accept(&mut line).await {
                Ok(mut stream) => {
                    let line = &stream.get_ref().0;
                    handshake = line.so_far();
                    match answer(&mut stream, case, &notes).await {
                        Ok(()) => {
                            let line = &stream.get_ref().0;
                            whole = line.so_far();
                            again(&mut stream, &notes).await
                        }
                        Err(error) => Err(error),
                    }
                }
                Err(error) => Err(error),
            },
        };
        let hello = line.read_at_first_write.filter(|_| case.protocol == Protocol::Https).unwrap_or(0);
        let most = line.finish().await.len();
        notes.add(|seen| {
            seen.most = seen.most.max(most);
            let (handshake_in, handshake_out) = handshake;
            let (request, response) = whole;
            seen.marks = Marks { hello, handshake_in, handshake_out, request, response };
            if case.protocol == Protocol::Http && most > 0 {
                seen.posts = seen.posts.max(1);
            }
        });
    }
}

/// Answers the request of a connection.
async fn answer(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    case: Case,
    notes: &Notes,
) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(4096);
    loop {
        let is_first = bytes.is_empty();
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if is_first {
            notes.add(|seen| seen.posts += 1);
        }
        if let Some(answer) = choose(&bytes, case) {
            stream.write_all(&answer.bytes(case.operation)).await?;
            stream.flush().await?;
            notes.add(|seen| seen.answered = Some(answer));
            return Ok(());
        }
    }
}

/// Waits for the client to close; what it sends instead is a further request.
async fn again(stream: &mut (impl AsyncRead + Unpin), notes: &Notes) -> io::Result<()> {
    if stream.read(&mut [0; 4096]).await? > 0 {
        notes.add(|seen| seen.posts += 1);
    }
    Ok(())
}

/// The answer to a request; none before it is whole.
fn choose(bytes: &[u8], case: Case) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let (head, body) = bytes.split_at(end);
    let head = String::from_utf8_lossy(head);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    if length.and_then(|length| length.parse().ok()).is_some_and(|length| body.len() < length) {
        return None;
    }
    let line = format!("POST {} HTTP/1.1\r\n", case.operation.path());
    let is_right = head.starts_with(&line) && is_body_of(case.operation, body);
    Some(if is_right { case.answer } else { Answer::BadRequest })
}

fn is_body_of(operation: Operation, body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body == operation.body())
}
