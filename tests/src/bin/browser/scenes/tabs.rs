//! What a user does beside going straight on: reload, back, and a second tab.

use std::time::Duration;

use openrouter_oauth_emulator::Fault;

use crate::{
    Result,
    session::{ASKING, Stage, same},
};

/// The title of what the browser shows where nobody listens.
const NOBODY: &str = "127.0.0.1";

pub(super) async fn reload(stage: &Stage<'_>) -> Result {
    let login = stage.login(&[]).await?;
    stage.approve().await?;
    stage.signs_in(login).await?;
    stage.browser.reload().await?;
    stage.browser.see(NOBODY).await?;
    same("exchanges", &stage.exchanges(), &1)
}

pub(super) async fn go_back(stage: &Stage<'_>) -> Result {
    let login = stage.login(&[]).await?;
    stage.approve().await?;
    stage.signs_in(login).await?;
    stage.browser.back().await?;
    stage.browser.see(ASKING).await?;
    stage.approve().await?;
    stage.browser.see(NOBODY).await?;
    same("exchanges", &stage.exchanges(), &1)
}

// L-12
pub(super) async fn approve_in_two_tabs(stage: &Stage<'_>) -> Result {
    let login = stage.login(&[]).await?;
    let first = stage.browser.tab().await?;
    stage.browser.open_tab().await?;
    stage.open(&login.url).await?;
    let second = stage.browser.tab().await?;

    // Long enough for the second to come in between.
    stage.emulator.inject(Fault::delay(Duration::from_secs(10)).on("/auth/keys"));
    stage.browser.switch_to(&first).await?;
    stage.approve().await?;
    stage.exchange_begins().await?;
    stage.browser.switch_to(&second).await?;
    stage.approve().await?;
    stage.browser.see("This was used already").await?;
    stage.browser.reload().await?;
    stage.browser.see("This was used already").await?;

    stage.browser.switch_to(&first).await?;
    stage.signs_in(login).await
}
