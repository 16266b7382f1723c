//! Plays one case: an emulator of its own, a user at its page, and one SDK.

use openrouter_oauth_emulator::{Emulator, Outcome, Settings, User};
use openrouter_oauth_tests::testbed::Testbed;
use serde_json::{Value, json};

use crate::case::{Act, Call, Case, Expect};
use crate::driver::Driver;
use crate::pattern::{Names, fill, fit};

/// Plays `case` with the SDK behind `driver`.
///
/// # Errors
///
/// A sentence: the first thing that was not as expected.
pub(crate) async fn play(case: &Case, driver: &mut Driver) -> Result<(), String> {
    let testbed = Testbed::over_tcp(Settings::default()).await;
    let (emulator, server) = (testbed.emulator(), testbed.base_url());
    let mut names = Names::new();
    names.insert("server".to_owned(), server.to_owned());
    names.insert("page".to_owned(), server.replace("/api/v1", "/auth"));
    names.insert("key".to_owned(), emulator.issue_key());
    for act in &case.acts {
        match act {
            Act::Approve(url) => {
                let code = approve(testbed.user(), &fill(&json!(url), &names)).await?;
                names.insert("code".to_owned(), code);
            }
            Act::Pass(time) => emulator.advance(*time),
            Act::Inject(fault) => emulator.inject(fault.clone()),
            Act::Seen(name, value) => seen(emulator, name, value)?,
            Act::Call(call) => ask(call, driver, &mut names).await?,
        }
    }
    Ok(())
}

/// Approves at `url`, and takes the code that the callback receives or the page shows.
async fn approve(user: &User, url: &Value) -> Result<String, String> {
    let url = url.as_str().unwrap_or_default();
    match user.approve(url, None).await {
        Ok(Outcome::Code(code)) => Ok(code),
        Ok(Outcome::Redirected(callback)) => match callback.split_once("?code=") {
            Some((_, code)) => Ok(code.to_owned()),
            None => Err(format!("{callback} has no code")),
        },
        other => Err(format!("approving led to {other:?}")),
    }
}

/// Whether the last request had the header `name: value`.
fn seen(emulator: &Emulator, name: &str, value: &str) -> Result<(), String> {
    let log = emulator.log();
    let headers = log.last().map(|entry| entry.headers.as_slice()).unwrap_or_default();
    if headers.iter().any(|(seen, with)| seen == name && with == value) {
        return Ok(());
    }
    Err(format!("no {name}: {value} in {headers:?}"))
}

/// Has the SDK take the step of `call` and holds what it reports against what is expected.
async fn ask(call: &Call, driver: &mut Driver, names: &mut Names) -> Result<(), String> {
    let reported = driver.take(&fill(&call.step, names)).await?;
    match (&call.expect, reported.get("ok"), reported.get("refused")) {
        (Expect::Answer(pattern), Some(answer), None) => fit(pattern, answer, names),
        (Expect::Refusal(refusal), None, Some(reported)) => refusal.fit(driver.sdk, reported),
        _ => Err(format!("reported {reported}")),
    }
}
