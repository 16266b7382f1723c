//! One login in one tab, with each of its results.

use std::{fs, process::Stdio, time::Duration};

use openrouter_oauth_emulator::Fault;
use openrouter_oauth_tests::Result;
use tokio::time::sleep;

use crate::{
    expect::expect_eq,
    login_process::LoginProcess,
    session::{BrowserSession, callback_url, set_mode},
};

// L-17, L-19
pub(super) async fn approve(session: &BrowserSession<'_>) -> Result {
    let login = session.begin_login(&["--label", "a browser"]).await?;
    let callback = callback_url(&login);
    session.approve().await?;
    session.expect_signed_in(login).await?;
    expect_eq("the console", &session.browser.console().await?, &vec![])?;
    // The browser requested nothing else, not even an icon.
    let responses = session.close_and_collect_responses(&callback).await?;
    let [response] = responses.as_slice() else {
        return Err(format!("the browser sent more than one request: {responses:?}").into());
    };
    expect_eq("the path", &response.url.split('?').next(), &Some(callback.as_str()))?;
    expect_eq("the status", &response.status, &200)
}

pub(super) async fn deny(session: &BrowserSession<'_>) -> Result {
    let login = session.begin_login(&[]).await?;
    session.deny().await?;
    session.browser.wait_for_page("You are not signed in").await?;
    let text = session.browser.text("p").await?;
    expect_eq("that the page says who declined", &text.starts_with("You declined"), &true)?;
    session.screenshots.save(&session.browser, "denied.png").await?;
    session.expect_failure(login, 6, 0).await?;
    expect_eq("the console", &session.browser.console().await?, &vec![])
}

pub(super) async fn deny_silently(session: &BrowserSession<'_>) -> Result {
    let mut login = session.begin_login(&[]).await?;
    session.deny().await?;
    session.browser.wait_for_page("Denied (emulator)").await?;
    expect_still_waiting(&mut login).await?;
    login.interrupt().await?;
    session.expect_failure(login, 130, 0).await
}

pub(super) async fn close_the_tab(session: &BrowserSession<'_>) -> Result {
    let mut login = session.begin_login(&[]).await?;
    let closed = session.browser.current_tab().await?;
    let other = session.browser.open_tab().await?;
    session.browser.switch_to(&closed).await?;
    session.browser.close_tab().await?;
    session.browser.switch_to(&other).await?;
    expect_still_waiting(&mut login).await?;
    session.open_consent_page(&login.url).await?;
    session.approve().await?;
    session.expect_signed_in(login).await
}

// L-19
pub(super) async fn code_is_rejected(session: &BrowserSession<'_>) -> Result {
    let login = session.begin_login(&[]).await?;
    session.emulator().inject(Fault::status(403).on("/auth/keys"));
    session.approve().await?;
    session.browser.wait_for_page("You are not signed in").await?;
    session.expect_failure(login, 3, 1).await
}

// L-19
pub(super) async fn response_is_lost(session: &BrowserSession<'_>) -> Result {
    let login = session.begin_login(&[]).await?;
    session.emulator().inject(Fault::drop_after_commit().on("/auth/keys"));
    session.approve().await?;
    session.browser.wait_for_page("Sign-in may not have completed").await?;
    session.screenshots.save(&session.browser, "unknown.png").await?;
    session.expect_failure(login, 5, 1).await
}

// L-19, S-8
pub(super) async fn cannot_store(session: &BrowserSession<'_>) -> Result {
    let login = session.begin_login(&[]).await?;
    // Everyone may write to this folder, so the program does not store a key in it.
    let folder = session.home.path().join(".config/openrouter-oauth");
    fs::create_dir_all(&folder)?;
    set_mode(&folder, 0o777)?;
    session.approve().await?;
    session.browser.wait_for_page("You are signed in, but the key was not stored").await?;
    let output = login.wait().await?;
    expect_eq("that the key is printed", &output.stdout.contains("sk-or-v1-"), &true)?;
    expect_eq("exchanges", &session.exchange_count(), &1)
}

pub(super) async fn paste_the_code(session: &BrowserSession<'_>) -> Result {
    let mut command = session.home.program(&["login", "--json", "--headless"])?;
    command.stdin(Stdio::piped());
    let mut login = LoginProcess::start(command).await?;
    session.open_consent_page(&login.url).await?;
    session.approve().await?;
    session.browser.wait_for_page("Your code (emulator)").await?;
    session.screenshots.save(&session.browser, "code.png").await?;
    let code = session.browser.text("#code").await?;
    login.type_line(&code).await?;
    session.expect_key_stored(login).await
}

/// Expects the login to keep waiting for a while.
async fn expect_still_waiting(login: &mut LoginProcess) -> Result {
    sleep(Duration::from_millis(500)).await;
    expect_eq("that the login waits", &login.is_waiting()?, &true)
}
