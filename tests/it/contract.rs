//! Checks the contract with a second transport, so that it does not just describe hyper.

use openrouter_oauth_transport_contract::{self as contract, Violations};

#[path = "../examples/reqwest_transport/transport.rs"]
mod transport;

use self::transport::ReqwestTransport;

#[tokio::test]
async fn reqwest_transport_keeps_the_contract() -> Result<(), Violations> {
    // C-11
    contract::run(&ReqwestTransport::new().unwrap()).await
}
