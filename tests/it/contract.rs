//! Runs the contract suite on a second transport, so that the contract does not just describe hyper.

use openrouter_oauth_transport_contract::{self as contract, Violations};

#[path = "../examples/reqwest_transport/transport.rs"]
mod transport;

use self::transport::ReqwestTransport;

#[tokio::test]
async fn reqwest_transport_satisfies_the_contract() -> Result<(), Violations> {
    // C-11
    contract::run(&ReqwestTransport::new().unwrap()).await
}
