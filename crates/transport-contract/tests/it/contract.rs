//! The contract of a transport, held against one that keeps it and against many that do not.

use openrouter_oauth_transport::Transport;
use openrouter_oauth_transport_contract::{self as contract, Scenario, Scheme, Violations};

use tokio::task::JoinSet;

use crate::{
    blocking::Blocking,
    faulty::{FAULTS, Faulty},
};

fn scenario(name: &str) -> &'static Scenario {
    contract::scenarios().find(|scenario| scenario.name() == name).unwrap()
}

#[tokio::test]
async fn correct_transport_keeps_the_contract() -> Result<(), Violations> {
    contract::run(&Blocking::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn each_fault_fails_the_scenario_that_owns_it() {
    let mut playing = JoinSet::new();
    for (owner, fault) in FAULTS {
        playing.spawn(async move {
            let scenario = scenario(owner);
            let played = scenario.run_over(&Faulty::new(*fault), &Scheme::http()).await;
            let violation = played.expect_err(&format!("{fault:?}"));
            assert_eq!((violation.scenario(), violation.rule()), (*owner, scenario.rule()));
        });
    }
    while let Some(played) = playing.join_next().await {
        played.unwrap();
    }
}

#[test]
fn each_scenario_owns_a_fault() {
    for scenario in contract::scenarios() {
        let owned = FAULTS.iter().filter(|(owner, _)| *owner == scenario.name()).count();
        assert!(owned > 0, "{}", scenario.name());
    }
}

#[tokio::test]
async fn violations_name_their_scenarios() {
    let found = contract::run(&openrouter_oauth_transport::from_fn(|_, _| async {
        Ok(http::Response::new("from memory".into()))
    }))
    .await
    .unwrap_err();
    // It reads neither limits nor requests, so nothing holds but what nothing breaks.
    assert!(found.iter().len() > 20, "{found}");
    let shown = format!("{found:?}");
    for violation in found.iter() {
        assert!(shown.contains(violation.scenario()), "{shown}");
    }
}

#[test]
fn run_can_move_between_threads() {
    fn crosses<T: Send>(_: T) {}
    let transport: &dyn Transport = &Blocking::default();
    crosses(contract::run(transport));
}
