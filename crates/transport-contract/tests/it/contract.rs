//! Tests of the scenarios with one correct transport and many faulty ones.

use openrouter_oauth_transport::Transport;
use openrouter_oauth_transport_contract::{self as contract, Scenario, Scheme, Violations};

use tokio::task::JoinSet;

use crate::{
    blocking::Blocking,
    faulty::{FAULTS, Faulty},
    wine::{check_contract, is_wine},
};

fn scenario(name: &str) -> &'static Scenario {
    contract::scenarios().find(|scenario| scenario.name() == name).unwrap()
}

#[tokio::test]
async fn correct_transport_meets_the_contract() -> Result<(), Violations> {
    check_contract(&Blocking::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn each_fault_fails_its_scenario() {
    // Wine 8 can report a reset connection as a closed one, which hides these faults.
    let needs_reset = |name: &str| name.contains("reset") || name == "partly_read_request_counts_as_sent";
    let mut running = JoinSet::new();
    for (name, fault) in FAULTS.iter().filter(|(name, _)| !is_wine() || !needs_reset(name)) {
        running.spawn(async move {
            let scenario = scenario(name);
            let result = scenario.run_over(&Faulty::new(*fault), &Scheme::http()).await;
            let violation = result.expect_err(&format!("{fault:?}"));
            assert_eq!((violation.scenario(), violation.rule()), (*name, scenario.rule()));
        });
    }
    while let Some(result) = running.join_next().await {
        result.unwrap();
    }
}

#[test]
fn each_scenario_has_a_fault() {
    for scenario in contract::scenarios() {
        let has_fault = FAULTS.iter().any(|(name, _)| *name == scenario.name());
        assert!(has_fault, "{}", scenario.name());
    }
}

#[tokio::test]
async fn violations_name_their_scenarios() {
    let found = contract::run(&openrouter_oauth_transport::from_fn(|_, _| async {
        Ok(http::Response::new("from memory".into()))
    }))
    .await
    .unwrap_err();
    // This transport ignores requests and limits, so it fails most scenarios.
    assert!(found.iter().len() > 20, "{found}");
    let shown = format!("{found:?}");
    for violation in found.iter() {
        assert!(shown.contains(violation.scenario()), "{shown}");
    }
}

#[test]
fn future_of_run_is_send() {
    fn check<T: Send>(_: T) {}
    let transport: &dyn Transport = &Blocking::default();
    check(contract::run(transport));
}
