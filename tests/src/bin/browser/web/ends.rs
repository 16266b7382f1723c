//! One sign-in in one tab.

use openrouter_oauth_tests::{Result, webdriver::Cookie};

use super::web_user::{ACCOUNT, BUTTON, NOT_OURS, WebUser};
use crate::{
    consent_page::{self, LIMIT},
    expect::{expect_eq, expect_part},
};

pub(super) async fn approve(user: &WebUser<'_>) -> Result {
    let browser = &user.browser;
    user.begin().await?;
    let begun = user.expect_session_and_attempt_cookies().await?;
    browser.enter(LIMIT, "5").await?;
    user.approve().await?;
    user.expect_connected().await?;
    user.expect_exchanges(1)?;
    user.expect_no_code().await?;
    // What replaced the cookie tells a user who goes back that the sign-in has ended. It is too short for a verifier.
    let ended = user.expect_session_and_attempt_cookies().await?;
    expect_eq("whether the cookie is as long as before", &(begun.value.len() <= ended.value.len()), &false)?;

    let key = user.newest_key()?;
    user.deployment.emulator().spend(&key, 1.25)?;
    user.reload(ACCOUNT).await?;
    expect_part("the label", &browser.text("#key-label").await?, "web")?;
    expect_part("the limit", &browser.text("#key-limit").await?, "5")?;
    expect_part("the usage", &browser.text("#key-usage").await?, "1.25")?;
    expect_eq("the console", &browser.console().await?, &vec![])?;
    // On loopback, all ports are one site.
    if user.deployment.behind_tls.is_some() { expect_cross_site(user, &begun).await } else { Ok(()) }
}

/// Expects that the callback came from another site, and had the cookies of the attempt and the session.
async fn expect_cross_site(user: &WebUser<'_>, attempt: &Cookie) -> Result {
    let mut responses = user.close().await?.iter().filter(|response| response.url.contains("?code="));
    let callback = responses.next().ok_or("the browser opened no callback")?;
    let header = |name| callback.request_headers.get(name).map_or("", String::as_str);
    expect_eq("the method", &callback.method.as_str(), &"GET")?;
    expect_eq("where it came from", &header("sec-fetch-site"), &"cross-site")?;
    expect_part("the cookies", header("cookie"), &format!("{}={}", attempt.name, attempt.value))?;
    expect_part("the cookies", header("cookie"), "__Host-session=")
}

/// Shows that the browser treats the callback as a request from another site.
pub(super) async fn strict_cookie(user: &WebUser<'_>) -> Result {
    user.begin().await?;
    let attempt = user.expect_session_and_attempt_cookies().await?;
    user.set_cookie(&attempt, "Strict").await?;
    user.approve().await?;
    user.browser.wait_for_page(NOT_OURS).await?;
    user.expect_exchanges(0)
}

pub(super) async fn deny(user: &WebUser<'_>) -> Result {
    let browser = &user.browser;
    user.begin().await?;
    user.deny().await?;
    browser.wait_for_page("You declined").await?;
    user.expect_no_code().await?;
    user.expect_exchanges(0)?;
    browser.click("a").await?;
    browser.wait_for_page(BUTTON).await?;
    browser.click("button").await?;
    consent_page::wait(browser).await?;
    user.approve().await?;
    user.expect_connected().await?;
    user.expect_exchanges(1)?;
    expect_eq("the console", &browser.console().await?, &vec![])
}
