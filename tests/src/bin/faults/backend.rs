//! The libraries over which the sweep makes its calls.

use std::{sync::Arc, time::Duration};

use openrouter_oauth::{
    Client, Error, Retry, blocking,
    transport::Transport,
    transport_hyper::{HyperTransport, TokioTimer},
    transport_ureq::UreqTransport,
};
use openrouter_oauth_tests::{Result, tls};
use openrouter_oauth_transport_reqwest::ReqwestTransport;
use reqwest::Certificate;
use tokio::task::spawn_blocking;

use crate::operation::{Operation, own_key};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Backend {
    Hyper,
    Reqwest,
    /// With the client that blocks.
    Ureq,
}

impl Backend {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hyper => "hyper",
            Self::Reqwest => "reqwest",
            Self::Ureq => "ureq",
        }
    }

    /// Returns a transport that keeps no connection, and trusts only this certificate. The connect timeout of ureq is
    /// fixed.
    pub(crate) fn transport(
        self,
        connect_timeout: Duration,
        certificate: &[u8],
    ) -> Result<Arc<dyn Transport>> {
        match self {
            Self::Hyper => {
                let builder = HyperTransport::builder()
                    .connect_timeout(connect_timeout)
                    .idle_timeout(Duration::ZERO)
                    .add_root_certificates_der(certificate);
                Ok(Arc::new(builder.build()?))
            }
            Self::Reqwest => {
                tls::use_ring();
                let builder = ReqwestTransport::client_builder()
                    .connect_timeout(connect_timeout)
                    .pool_max_idle_per_host(0)
                    .tls_certs_only([Certificate::from_der(certificate)?])
                    .no_proxy();
                Ok(Arc::new(ReqwestTransport::from_client_unchecked(builder.build()?)))
            }
            Self::Ureq => {
                let builder = UreqTransport::builder().add_root_certificates_der(certificate);
                Ok(Arc::new(builder.build()?))
            }
        }
    }

    /// Returns a client with this transport.
    pub(crate) fn client(self, transport: Arc<dyn Transport>, base_url: String) -> Result<SweepClient> {
        let builder = Client::builder()
            .base_url(base_url)
            .transport(transport)
            .retry(Retry::default().initial_backoff(Duration::from_millis(1)))
            .api_key(own_key()?);
        Ok(match self {
            Self::Hyper | Self::Reqwest => SweepClient::Async(builder.timer(TokioTimer::default()).build()?),
            Self::Ureq => SweepClient::Blocking(builder.build_blocking()?),
        })
    }
}

/// A client of either kind.
pub(crate) enum SweepClient {
    Async(Client),
    Blocking(blocking::Client),
}

impl SweepClient {
    /// Makes a call with this deadline, in a thread of its own if it blocks. Returns the secret in the response.
    pub(crate) async fn call(
        &self,
        operation: Operation,
        deadline: Duration,
    ) -> Result<std::result::Result<String, Error>> {
        match self {
            Self::Async(client) => Ok(operation.call(client, deadline).await),
            Self::Blocking(client) => {
                let client = client.clone();
                Ok(spawn_blocking(move || operation.call_blocking(&client, deadline)).await?)
            }
        }
    }
}
