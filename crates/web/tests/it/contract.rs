//! Tests of the scenarios for stores of claims, with correct stores and many faulty ones.

use openrouter_oauth_web::{
    OneProcessClaims,
    claims::contract::{self, Scenario, Violations},
};

use crate::{
    faulty_claims::{FAULTS, Fault, FaultyClaims},
    tokio_timer::TokioTimer,
};

#[tokio::test(start_paused = true)]
async fn claims_in_one_process_meet_the_contract() -> Result<(), Violations> {
    let claims = OneProcessClaims::new(1000).timer(TokioTimer::new());
    contract::run(&claims, &claims.clone(), &TokioTimer::new()).await
}

#[tokio::test(start_paused = true)]
async fn faulty_store_without_a_fault_meets_the_contract() -> Result<(), Violations> {
    let [first, second] = FaultyClaims::clients(None);
    contract::run(&first, &second, &TokioTimer::new()).await
}

#[tokio::test(start_paused = true)]
async fn each_fault_fails_its_scenario() {
    for (name, fault) in FAULTS {
        let [first, second] = FaultyClaims::clients(Some(*fault));
        let scenario = contract::scenarios().find(|scenario| scenario.name() == *name).unwrap();
        let violation =
            scenario.run(&first, &second, &TokioTimer::new()).await.expect_err(&format!("{fault:?}"));
        assert_eq!(violation.scenario(), *name);
    }
}

#[test]
fn each_scenario_has_a_fault() {
    for name in contract::scenarios().map(Scenario::name) {
        assert!(FAULTS.iter().any(|(other, _)| *other == name), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn violations_name_their_scenarios_and_the_cause() {
    let [first, second] = FaultyClaims::clients(Some(Fault::Fails));
    let found = contract::run(&first, &second, &TokioTimer::new()).await.unwrap_err();
    assert_eq!(found.iter().len(), contract::scenarios().len());
    let shown = format!("{found:?}");
    for violation in found.iter() {
        assert!(shown.contains(&format!("{}: ", violation.scenario())), "{shown}");
    }
    assert!(shown.contains("the store is down"), "{shown}");
}

#[test]
fn future_of_run_is_send() {
    fn check<T: Send>(_: T) {}
    let claims = OneProcessClaims::new(1);
    check(contract::run(&claims, &claims, &TokioTimer::new()));
}
