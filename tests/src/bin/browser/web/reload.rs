//! Reloading a callback, and opening it again.

use std::time::Duration;

use openrouter_oauth_emulator::Fault;
use openrouter_oauth_tests::{Result, query};

use super::web_user::{ACCOUNT, ENDED, UNKNOWN, WebUser};
use crate::expect::{expect_eq, expect_part};

pub(super) async fn connected(user: &WebUser<'_>) -> Result {
    let callback = user.begin_and_approve().await?;
    user.open(&callback, ACCOUNT).await?;
    expect_shown_again(user, &callback, ENDED).await?;
    user.expect_exchanges(1)
}

pub(super) async fn denied(user: &WebUser<'_>) -> Result {
    let callback = user.begin_and_approve().await?;
    let path = callback.split('?').next().unwrap_or_default();
    let state = query::parameter(&callback, "state");
    user.open(&format!("{path}?error=access_denied&state={state}"), "You declined").await?;
    expect_shown_again(user, &callback, "You declined").await?;
    user.expect_exchanges(0)
}

pub(super) async fn rejected(user: &WebUser<'_>) -> Result {
    let callback = user.begin_and_approve().await?;
    user.deployment.emulator().inject(Fault::status(403).on("/auth/keys"));
    user.open(&callback, "OpenRouter rejected the sign-in").await?;
    expect_shown_again(user, &callback, "OpenRouter rejected the sign-in").await?;
    user.expect_exchanges(1)
}

/// Moves the emulator's clock, also for later scenes, so that OpenRouter rejects the code. The application's clock, by
/// which its cookie expires, is the system's. The tests of crates/web move that one.
pub(super) async fn expired(user: &WebUser<'_>) -> Result {
    let callback = user.begin_and_approve().await?;
    user.deployment.emulator().advance(Duration::from_secs(11 * 60));
    user.open(&callback, "The sign-in took too long").await?;
    expect_shown_again(user, &callback, "The sign-in took too long").await?;
    user.expect_exchanges(1)
}

pub(super) async fn unknown(user: &WebUser<'_>) -> Result {
    let callback = user.begin_and_approve().await?;
    user.deployment.emulator().inject(Fault::drop_after_commit().on("/auth/keys"));
    user.open(&callback, UNKNOWN).await?;
    expect_part("the label", &user.browser.text("strong").await?, "web")?;
    expect_shown_again(user, &callback, UNKNOWN).await?;
    user.expect_exchanges(1)
}

/// Opens the callback again, and reloads the page.
async fn expect_shown_again(user: &WebUser<'_>, callback: &str, title: &str) -> Result {
    user.open(callback, title).await?;
    user.expect_no_code().await?;
    user.reload(title).await?;
    user.expect_no_code().await
}

pub(super) async fn with_the_first_cookie(user: &WebUser<'_>) -> Result {
    let callback = user.begin_and_approve().await?;
    let cookie = user.expect_session_and_attempt_cookies().await?;
    user.open(&callback, ACCOUNT).await?;
    // With this cookie, which has the verifier, only the claim tells that the sign-in has ended.
    user.set_cookie(&cookie, "Lax").await?;
    user.open(&callback, ENDED).await?;
    user.reload(ENDED).await?;
    user.expect_exchanges(1)
}

pub(super) async fn while_it_runs(user: &WebUser<'_>) -> Result {
    let callback = user.begin_and_approve().await?;
    // Long enough for the second request to arrive in between.
    user.deployment.emulator().inject(Fault::delay(Duration::from_secs(8)).on("/auth/keys"));
    user.browser.navigate(&callback).await?;
    user.wait_for_exchange().await?;
    // The browser drops the first request, so the first response never arrives.
    user.browser.navigate(&callback).await?;
    user.browser.wait_for_page(ENDED).await?;
    user.expect_exchanges(1)?;
    user.browser.click("a").await?;
    user.expect_connected().await?;
    let Some(servers) = &user.deployment.behind_tls else { return Ok(()) };
    let path = query::target(&callback).split('?').next().unwrap_or_default();
    let upstreams = servers.front_end.wait_for_upstreams(path, 2).await?;
    expect_eq("whether one instance got both requests", &(upstreams[0] == upstreams[1]), &false)
}

pub(super) async fn try_again(user: &WebUser<'_>) -> Result {
    let callback = user.begin_and_approve().await?;
    user.deployment.emulator().inject(Fault::status(503).header("retry-after", "1").on("/auth/keys"));
    user.open(&callback, "Please try again").await?;
    user.reload(ACCOUNT).await?;
    user.expect_connected().await?;
    user.expect_exchanges(2)?;
    user.expect_no_code().await
}
