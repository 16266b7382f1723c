//! Runs the scenarios of the transport contract.

use openrouter_oauth_transport_contract::Violations;

use crate::{own, wine::check_contract};

// F2, F12, F13, F15, F20, F21, F22, F24, F28, F29, F31, F37, F50, C-10, C-11, C-14, C-28

#[tokio::test]
async fn plain_connections_meet_the_contract() -> Result<(), Violations> {
    check_contract(&own()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_connections_meet_the_contract_on_threads() -> Result<(), Violations> {
    check_contract(&own()).await
}
