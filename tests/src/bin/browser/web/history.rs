//! The button that goes back. Chromium keeps the pages for it behind TLS, and loads them again on loopback.

use openrouter_oauth_tests::Result;

use super::web_user::{ACCOUNT, BUTTON, LOG_IN, WebUser};
use crate::{consent_page, expect::expect_eq};

pub(super) async fn go_back_after_approval(user: &WebUser<'_>) -> Result {
    let browser = &user.browser;
    user.begin().await?;
    user.approve().await?;
    user.expect_connected().await?;
    browser.back().await?;
    consent_page::wait(browser).await?;
    user.approve().await?;
    browser.wait_for_page("This sign-in has ended").await?;
    user.expect_no_code().await?;
    user.expect_exchanges(1)?;
    browser.back().await?;
    consent_page::wait(browser).await?;
    user.deny().await?;
    browser.wait_for_page("This sign-in has ended").await?;
    // The first link leads to the application.
    browser.click("a").await?;
    user.expect_connected().await
}

pub(super) async fn go_back_after_denial(user: &WebUser<'_>) -> Result {
    let browser = &user.browser;
    user.begin().await?;
    user.deny().await?;
    browser.wait_for_page("You declined").await?;
    browser.click("a").await?;
    browser.wait_for_page(BUTTON).await?;
    browser.back().await?;
    browser.wait_for_page("You declined").await?;
    browser.back().await?;
    consent_page::wait(browser).await?;
    user.approve().await?;
    browser.wait_for_page("You declined").await?;
    user.expect_exchanges(0)
}

pub(super) async fn go_back_after_sign_out(user: &WebUser<'_>) -> Result {
    let browser = &user.browser;
    user.begin().await?;
    user.approve().await?;
    user.expect_connected().await?;
    user.log_out().await?;
    browser.load(LOG_IN, async || browser.back().await).await?;
    expect_eq("whether a key is shown", &user.has("#key-label").await?, &false)?;
    user.go_home(LOG_IN).await?;
    user.log_in(&user.name).await?;
    browser.wait_for_page(ACCOUNT).await
}
