//! The contract of a transport, as it is played with any.

use openrouter_oauth_transport::testing::contract::{self, Violations};
use openrouter_oauth_transport_hyper::HyperTransport;

#[tokio::test]
async fn plain_connections_keep_the_contract() -> Result<(), Violations> {
    contract::run(&HyperTransport::new()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_connections_keep_the_contract_on_threads() -> Result<(), Violations> {
    contract::run(&HyperTransport::new()).await
}
