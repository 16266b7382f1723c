//! Runs the scenarios of the transport contract.

use openrouter_oauth_transport::block_on;
use openrouter_oauth_transport_contract::{Violations, run_over};
use openrouter_oauth_transport_ureq::UreqTransport;

use crate::{origin::Origin, wine::check_contract};

// F2, F12, F13, F15, F20, F21, F22, F24, F28, F29, F31, F37, F50, C-10, C-14, C-28

#[test]
fn plain_connections_meet_the_contract() -> Result<(), Violations> {
    block_on(check_contract(&UreqTransport::new()))
}

#[test]
fn tls_connections_meet_the_contract() -> Result<(), Violations> {
    let origin = Origin::new();
    block_on(run_over(&origin.transport(), &origin.scheme))
}

#[test]
fn tunnels_meet_the_contract() -> Result<(), Violations> {
    let origin = Origin::new();
    let proxy = crate::proxy::forwarding_proxy();
    let transport = origin.builder().proxy(proxy.origin()).build().unwrap();
    let found = block_on(run_over(&transport, &origin.scheme));
    assert!(proxy.requests().len() > 100, "the proxy was used");
    match found {
        // The proxy reports a closed port with a status, so the error is `Proxy` instead of `Connect`.
        Err(found) if found.iter().all(|one| one.scenario() == "refused_connection_sends_nothing") => Ok(()),
        result => result,
    }
}
