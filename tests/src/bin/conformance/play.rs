//! Plays one case with its own emulator, against one SDK.

use openrouter_oauth_tests::Result;
use serde_json::{Value, json};

use crate::{
    case::{Action, Call, Case, Expected, ExpectedError, RACERS},
    driver::{Driver, Sdk},
    emulator::EmulatorProcess,
    pattern::{Variables, match_pattern, substitute},
};

/// Plays `case` with the SDK behind `driver`.
///
/// # Errors
///
/// If a result is not the expected one.
pub(crate) async fn play(case: &Case, driver: &mut Driver) -> Result {
    let emulator = EmulatorProcess::start().await?;
    let mut variables = Variables::new();
    variables.insert("server".to_owned(), emulator.base_url().to_owned());
    variables.insert("page".to_owned(), format!("{}/auth", emulator.origin()));
    variables.insert("key".to_owned(), emulator.create_key().await?);
    for action in &case.actions {
        match action {
            Action::Approve(url) => {
                let url = substitute(&json!(url), &variables);
                let code = emulator.approve(url.as_str().unwrap_or_default()).await?;
                variables.insert("code".to_owned(), code);
            }
            Action::AdvanceClock(time) => emulator.advance(*time).await?,
            Action::Inject(fault) => emulator.inject(fault).await?,
            Action::ExpectHeader(name, value) => expect_header(&emulator, name, value).await?,
            Action::ExpectGrantedKeys(expected) => {
                let keys = emulator.granted_keys().await?;
                if keys != *expected {
                    return Err(format!("{keys} keys were granted instead of {expected}").into());
                }
            }
            Action::Call(call) => make_call(call, driver, &mut variables).await?,
        }
    }
    Ok(())
}

/// Checks that the last request had the header `name: value`.
async fn expect_header(emulator: &EmulatorProcess, name: &str, value: &str) -> Result {
    let log = emulator.log().await?;
    let headers = log.last().map_or(&Value::Null, |entry| &entry["headers"]);
    if headers[name] == value {
        return Ok(());
    }
    Err(format!("no {name}: {value} in {headers}").into())
}

/// Makes `call` with the SDK, and compares its result with the expected one.
async fn make_call(call: &Call, driver: &mut Driver, variables: &mut Variables) -> Result {
    let reported = driver.call(&substitute(&call.request, variables)).await?;
    match (&call.expected, reported.get("ok"), reported.get("error")) {
        (Expected::Value(pattern), Some(value), None) => match_pattern(pattern, value, variables)?,
        (Expected::Error(error), None, Some(reported)) => error.check(driver.sdk, reported)?,
        (Expected::OneWinner(pattern, error), Some(Value::Array(results)), None) => {
            let winner = find_winner(results, error, driver.sdk)?;
            match_pattern(pattern, winner, variables)?;
        }
        _ => return Err(format!("reported {reported}").into()),
    }
    Ok(())
}

/// Returns the only value among the results of a race, after a check of the errors.
fn find_winner<'a>(results: &'a [Value], error: &ExpectedError, sdk: Sdk) -> Result<&'a Value> {
    let (won, lost): (Vec<_>, Vec<_>) = results.iter().partition(|result| result.get("ok").is_some());
    for loser in &lost {
        error.check(sdk, &loser["error"])?;
    }
    match won.as_slice() {
        [winner] if lost.len() == RACERS - 1 => Ok(&winner["ok"]),
        _ => Err(format!("{} calls succeeded and {} failed", won.len(), lost.len()).into()),
    }
}
