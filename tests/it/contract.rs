//! Runs the contract suite on a second transport, so that the contract does not just describe hyper.

use openrouter_oauth_transport_contract::Violations;

#[path = "../examples/reqwest_transport/transport.rs"]
mod transport;
#[path = "../../crates/transport-contract/tests/it/wine.rs"]
mod wine;

use self::transport::ReqwestTransport;

#[tokio::test]
async fn reqwest_transport_satisfies_the_contract() -> Result<(), Violations> {
    // C-11
    wine::check_contract(&ReqwestTransport::new().unwrap()).await
}
