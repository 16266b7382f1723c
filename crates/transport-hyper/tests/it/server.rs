//! A scripted server, which keeps every byte it is sent.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use rcgen::{CertifiedKey, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{self, pki_types::PrivateKeyDer},
};

/// Plays a script with each peer that connects, until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<Vec<u8>>>,
}

impl Server {
    /// Speaks plain text.
    pub(crate) async fn plain<F, Fut>(script: F) -> Self
    where
        F: Fn(Peer) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self::start(None, script).await
    }

    /// Speaks TLS with this certificate.
    pub(crate) async fn tls<F, Fut>(certified: &CertifiedKey<KeyPair>, script: F) -> Self
    where
        F: Fn(Peer) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self::start(Some(tls_config(certified)), script).await
    }

    /// Speaks TLS as this configuration says, or plain text.
    pub(crate) async fn start<F, Fut>(tls: Option<rustls::ServerConfig>, script: F) -> Self
    where
        F: Fn(Peer) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Seen>::default();
        let accepting = tokio::spawn(accept(listener, tls, Arc::clone(&seen), Arc::new(script)));
        Self { address, seen, accepting }
    }

    /// `http://127.0.0.1:port`
    pub(crate) fn http(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `https://localhost:port`
    pub(crate) fn https(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many peers connected.
    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// What was read of each request, byte for byte.
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = self.seen.requests.lock().unwrap();
        requests.iter().map(|bytes| String::from_utf8(bytes.clone()).unwrap()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept<F, Fut>(
    listener: TcpListener,
    tls: Option<rustls::ServerConfig>,
    seen: Arc<Seen>,
    script: Arc<F>,
) where
    F: Fn(Peer) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        tcp.set_nodelay(true).unwrap();
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let (tls, seen, script) = (tls.clone(), Arc::clone(&seen), Arc::clone(&script));
        tokio::spawn(async move {
            let io: Box<dyn Io> = match tls {
                Some(tls) => match tls.accept(tcp).await {
                    Ok(stream) => Box::new(stream),
                    // The client did not like the certificate, which its test looks at.
                    Err(_) => return,
                },
                None => Box::new(tcp),
            };
            script(Peer { io, seen }).await;
        });
    }
}

/// A client that has connected.
pub(crate) struct Peer {
    io: Box<dyn Io>,
    seen: Arc<Seen>,
}

impl Peer {
    /// Waits for a whole request. `false` if there is none, or only part of one, before the peer is gone.
    pub(crate) async fn request(&mut self) -> bool {
        self.read_until(is_whole).await
    }

    /// Reads some bytes that are no request.
    pub(crate) async fn discard(&mut self, count: usize) {
        let _gone = self.io.read_exact(&mut vec![0; count]).await;
    }

    /// Reads just so many bytes that are no request, fewer if the peer is gone before.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<u8> {
        let mut read = Vec::new();
        let _gone = (&mut self.io).take(count as u64).read_to_end(&mut read).await;
        read
    }

    /// Hands everything on, both ways, as a tunnel does.
    pub(crate) async fn relay(mut self, to: SocketAddr) {
        let mut to = TcpStream::connect(to).await.unwrap();
        let _gone = copy_bidirectional(&mut self.io, &mut to).await;
    }

    /// Waits until the peer has closed the connection.
    pub(crate) async fn closed(&mut self) {
        while let Ok(1..) = self.io.read(&mut [0; 1024]).await {}
    }

    /// Reads byte by byte, so that nothing is taken that belongs to the next step.
    async fn read_until(&mut self, enough: impl Fn(&[u8]) -> bool) -> bool {
        let mut read = Vec::new();
        let mut request = None;
        while !enough(&read) {
            let Ok(byte) = self.io.read_u8().await else { break };
            read.push(byte);
            let mut requests = self.seen.requests.lock().unwrap();
            let request = *request.get_or_insert_with(|| {
                requests.push(Vec::new());
                requests.len() - 1
            });
            requests[request].push(byte);
        }
        enough(&read)
    }

    /// Writes, and does not mind a peer that is gone.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.sent(bytes).await;
    }

    /// Writes, and tells whether the peer is still there.
    pub(crate) async fn sent(&mut self, bytes: &[u8]) -> bool {
        self.io.write_all(bytes).await.is_ok() && self.io.flush().await.is_ok()
    }

    /// Whether something came before the handshake was over.
    pub(crate) fn sent_early(&mut self) -> bool {
        self.io.sent_early()
    }

    /// Says goodbye properly: `close_notify` under TLS.
    pub(crate) async fn close(mut self) {
        self.finish().await;
    }

    /// The same for what is written. What comes can still be read.
    pub(crate) async fn finish(&mut self) {
        let _gone = self.io.shutdown().await;
    }

    /// Breaks the connection off.
    pub(crate) fn reset(self) {
        self.io.reset();
    }
}

fn is_whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// A server's TLS with this certificate, as rustls has it by default.
pub(crate) fn tls_config(certified: &CertifiedKey<KeyPair>) -> rustls::ServerConfig {
    tls_config_of(certified, rustls::DEFAULT_VERSIONS)
}

/// The same with these versions.
pub(crate) fn tls_config_of(
    certified: &CertifiedKey<KeyPair>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap()
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {
    fn reset(self: Box<Self>);

    fn sent_early(&mut self) -> bool {
        false
    }
}

impl Io for TcpStream {
    fn reset(self: Box<Self>) {
        self.set_zero_linger().unwrap();
    }
}

impl Io for tokio_rustls::server::TlsStream<TcpStream> {
    fn reset(self: Box<Self>) {
        self.get_ref().0.set_zero_linger().unwrap();
    }

    fn sent_early(&mut self) -> bool {
        self.get_mut().1.early_data().is_some()
    }
}
