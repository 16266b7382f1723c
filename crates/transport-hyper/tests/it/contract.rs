//! The contract of a transport, as it is played with any.

use std::{net::TcpStream, sync::Arc};

use openrouter_oauth_transport::testing::contract::{self, Site, Violations};
use openrouter_oauth_transport_hyper::HyperTransport;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
use tokio_rustls::rustls::{ServerConnection, StreamOwned};

#[tokio::test]
async fn plain_connections_keep_the_contract() -> Result<(), Violations> {
    contract::run(&HyperTransport::new()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_connections_keep_the_contract_on_threads() -> Result<(), Violations> {
    contract::run(&HyperTransport::new()).await
}

#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#[tokio::test]
async fn tls_connections_keep_the_contract() -> Result<(), Violations> {
    let certified = crate::tls::certificate("localhost");
    let config = Arc::new(crate::server::tls_config(&certified));
    let site = Site::tls("localhost", move |mut tcp: TcpStream| {
        let mut tls = ServerConnection::new(Arc::clone(&config)).map_err(std::io::Error::other)?;
        tls.complete_io(&mut tcp)?;
        Ok(StreamOwned::new(tls, tcp))
    });
    contract::run_at(&crate::tls::trusting(&certified.cert), &site).await
}
