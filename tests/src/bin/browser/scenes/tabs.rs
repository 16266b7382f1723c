//! Reloading, going back, and a second tab.

use std::time::Duration;

use openrouter_oauth_emulator::Fault;
use openrouter_oauth_tests::Result;

use crate::{consent_page, expect::expect_eq, session::BrowserSession};

/// The title of the browser's error page when nothing listens on the port.
const CONNECTION_ERROR_TITLE: &str = "127.0.0.1";

pub(super) async fn reload(session: &BrowserSession<'_>) -> Result {
    let login = session.begin_login(&[]).await?;
    session.approve().await?;
    session.expect_signed_in(login).await?;
    session.browser.reload().await?;
    session.browser.wait_for_page(CONNECTION_ERROR_TITLE).await?;
    expect_eq("exchanges", &session.exchange_count(), &1)
}

pub(super) async fn go_back(session: &BrowserSession<'_>) -> Result {
    let login = session.begin_login(&[]).await?;
    session.approve().await?;
    session.expect_signed_in(login).await?;
    session.browser.back().await?;
    consent_page::wait(&session.browser).await?;
    session.approve().await?;
    session.browser.wait_for_page(CONNECTION_ERROR_TITLE).await?;
    expect_eq("exchanges", &session.exchange_count(), &1)
}

// L-12
pub(super) async fn approve_in_two_tabs(session: &BrowserSession<'_>) -> Result {
    let login = session.begin_login(&[]).await?;
    let first = session.browser.current_tab().await?;
    session.browser.open_tab().await?;
    session.open_consent_page(&login.url).await?;
    let second = session.browser.current_tab().await?;

    // Long enough for the second tab to approve in between.
    session.emulator().inject(Fault::delay(Duration::from_secs(10)).on("/auth/keys"));
    session.browser.switch_to(&first).await?;
    session.approve().await?;
    session.wait_for_exchange().await?;
    session.browser.switch_to(&second).await?;
    session.approve().await?;
    session.browser.wait_for_page("This callback was already used").await?;
    session.browser.load("This callback was already used", async || session.browser.reload().await).await?;

    session.browser.switch_to(&first).await?;
    session.expect_signed_in(login).await
}
