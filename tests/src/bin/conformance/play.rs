//! Plays one case with its own emulator and user, against one SDK.

use openrouter_oauth_emulator::{DecisionOutcome, Emulator, Settings, User};
use openrouter_oauth_tests::testbed::Testbed;
use serde_json::{Value, json};

use crate::case::{Action, Call, Case, Expected};
use crate::driver::Driver;
use crate::pattern::{Variables, match_pattern, substitute};

/// Plays `case` with the SDK behind `driver`.
///
/// # Errors
///
/// If a result is not the expected one.
pub(crate) async fn play(case: &Case, driver: &mut Driver) -> Result<(), String> {
    let testbed = Testbed::over_tcp(Settings::default()).await;
    let (emulator, server) = (testbed.emulator(), testbed.base_url());
    let mut variables = Variables::new();
    variables.insert("server".to_owned(), server.to_owned());
    variables.insert("page".to_owned(), server.replace("/api/v1", "/auth"));
    variables.insert("key".to_owned(), emulator.issue_key());
    for action in &case.actions {
        match action {
            Action::Approve(url) => {
                let code = approve(testbed.user(), &substitute(&json!(url), &variables)).await?;
                variables.insert("code".to_owned(), code);
            }
            Action::AdvanceClock(time) => emulator.advance(*time),
            Action::Inject(fault) => emulator.inject(fault.clone()),
            Action::ExpectHeader(name, value) => expect_header(emulator, name, value)?,
            Action::Call(call) => make_call(call, driver, &mut variables).await?,
        }
    }
    Ok(())
}

/// Approves at `url`, and returns the code in the callback or on the page.
async fn approve(user: &User, url: &Value) -> Result<String, String> {
    let url = url.as_str().unwrap_or_default();
    match user.approve(url, None).await {
        Ok(DecisionOutcome::Code(code)) => Ok(code),
        Ok(DecisionOutcome::Redirected(callback)) => match callback.split_once("?code=") {
            Some((_, code)) => Ok(code.to_owned()),
            None => Err(format!("{callback} has no code")),
        },
        other => Err(format!("approving led to {other:?}")),
    }
}

/// Checks that the last request had the header `name: value`.
fn expect_header(emulator: &Emulator, name: &str, value: &str) -> Result<(), String> {
    let log = emulator.log();
    let headers = log.last().map(|entry| entry.headers.as_slice()).unwrap_or_default();
    if headers.iter().any(|(seen_name, seen_value)| seen_name == name && seen_value == value) {
        return Ok(());
    }
    Err(format!("no {name}: {value} in {headers:?}"))
}

/// Makes `call` with the SDK, and compares its result with the expected one.
async fn make_call(call: &Call, driver: &mut Driver, variables: &mut Variables) -> Result<(), String> {
    let reported = driver.call(&substitute(&call.request, variables)).await?;
    match (&call.expected, reported.get("ok"), reported.get("error")) {
        (Expected::Value(pattern), Some(value), None) => match_pattern(pattern, value, variables),
        (Expected::Error(error), None, Some(reported)) => error.check(driver.sdk, reported),
        _ => Err(format!("reported {reported}")),
    }
}
