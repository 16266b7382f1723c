//! TLS in front of the emulator and of scripted servers, with certificates made on the spot.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use openrouter_oauth_emulator::Emulator;
use openrouter_oauth_transport::testing::contract::Site;
use openrouter_oauth_transport_hyper::HyperTransport;
use rcgen::{CertificateParams, CertifiedKey, KeyPair, date_time_ymd};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig, ServerConnection, StreamOwned, crypto::ring::default_provider, pki_types::PrivateKeyDer,
    },
};

/// An emulator on `https://localhost:port`, until it is dropped.
#[derive(Debug)]
pub struct TlsServer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

/// A certificate for `host` that signed itself, good between these two years.
pub fn certificate(host: &str, years: (i32, i32)) -> CertifiedKey<KeyPair> {
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let signing_key = KeyPair::generate().unwrap();
    CertifiedKey { cert: params.self_signed(&signing_key).unwrap(), signing_key }
}

/// Where the contract suite's server has this certificate: `https://localhost`.
pub fn site(certificate: &CertifiedKey<KeyPair>) -> Site {
    let config = config(certificate);
    Site::tls("localhost", move |mut tcp| {
        let mut tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        tls.complete_io(&mut tcp)?;
        Ok(StreamOwned::new(tls, tcp))
    })
}

fn config(certificate: &CertifiedKey<KeyPair>) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

/// A transport that trusts this certificate and no other.
pub fn trusting(certificate: &CertifiedKey<KeyPair>) -> HyperTransport {
    HyperTransport::builder().add_root_certificates_der(certificate.cert.der()).build().unwrap()
}

impl TlsServer {
    /// Puts this certificate in front of `emulator`.
    pub async fn start(emulator: Emulator, certificate: &CertifiedKey<KeyPair>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<AtomicUsize>::default();
        let acceptor = TlsAcceptor::from(config(certificate));
        let accepting = tokio::spawn(accept(listener, acceptor, emulator, Arc::clone(&connections)));
        Self { address, connections, accepting }
    }

    /// `https://localhost:port/api/v1`
    pub fn base_url(&self) -> String {
        format!("https://localhost:{}/api/v1", self.address.port())
    }

    /// How many clients connected, whether or not they liked the certificate.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    emulator: Emulator,
    connections: Arc<AtomicUsize>,
) {
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        connections.fetch_add(1, Ordering::SeqCst);
        let (acceptor, emulator) = (acceptor.clone(), emulator.clone());
        tokio::spawn(async move {
            // A client that does not like the certificate goes away, which its test looks at.
            if let Ok(stream) = acceptor.accept(tcp).await {
                emulator.serve_stream(stream).await;
            }
        });
    }
}
