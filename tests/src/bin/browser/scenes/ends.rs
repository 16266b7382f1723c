//! One login in one tab, in each way that it can end.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Stdio, time::Duration};

use openrouter_oauth_emulator::Fault;
use tokio::time::sleep;

use crate::{
    Result,
    login_process::Login,
    session::{Stage, callback, same},
};

// L-17, L-19
pub(super) async fn approve(stage: &Stage<'_>) -> Result {
    let login = stage.login(&["--label", "a browser"]).await?;
    let callback = callback(&login);
    stage.approve().await?;
    stage.signs_in(login).await?;
    same("the console", &stage.browser.console().await?, &vec![])?;
    // Nothing else was asked for, no icon either.
    let answers = stage.answers(&callback).await?;
    let [answer] = answers.as_slice() else {
        return Err(format!("the browser asked more than once: {answers:?}").into());
    };
    same("the path", &answer.url.split('?').next(), &Some(callback.as_str()))?;
    same("the status", &answer.status, &200)
}

pub(super) async fn deny(stage: &Stage<'_>) -> Result {
    let login = stage.login(&[]).await?;
    stage.deny().await?;
    stage.browser.see("You are not signed in").await?;
    let says = stage.browser.text("p").await?;
    same("that the page says who declined", &says.starts_with("You declined"), &true)?;
    stage.picture("denied.png").await?;
    stage.fails(login, 6, 0).await?;
    same("the console", &stage.browser.console().await?, &vec![])
}

pub(super) async fn deny_silently(stage: &Stage<'_>) -> Result {
    let mut login = stage.login(&[]).await?;
    stage.deny().await?;
    stage.browser.see("Denied (emulator)").await?;
    still_waits(&mut login).await?;
    login.interrupt().await?;
    stage.fails(login, 130, 0).await
}

pub(super) async fn close_the_tab(stage: &Stage<'_>) -> Result {
    let mut login = stage.login(&[]).await?;
    let closed = stage.browser.tab().await?;
    let other = stage.browser.open_tab().await?;
    stage.browser.switch_to(&closed).await?;
    stage.browser.close_tab().await?;
    stage.browser.switch_to(&other).await?;
    still_waits(&mut login).await?;
    stage.open(&login.url).await?;
    stage.approve().await?;
    stage.signs_in(login).await
}

// L-19
pub(super) async fn refuse_the_code(stage: &Stage<'_>) -> Result {
    let login = stage.login(&[]).await?;
    stage.emulator.inject(Fault::status(403).on("/auth/keys"));
    stage.approve().await?;
    stage.browser.see("You are not signed in").await?;
    stage.fails(login, 3, 1).await
}

// L-19
pub(super) async fn lose_the_answer(stage: &Stage<'_>) -> Result {
    let login = stage.login(&[]).await?;
    stage.emulator.inject(Fault::drop_after_commit().on("/auth/keys"));
    stage.approve().await?;
    stage.browser.see("Nobody knows whether you are signed in").await?;
    stage.picture("unknown.png").await?;
    stage.fails(login, 5, 1).await
}

// L-19, S-8
pub(super) async fn cannot_store(stage: &Stage<'_>) -> Result {
    let login = stage.login(&[]).await?;
    // Everybody may write here from now on: no place for a key.
    let folder = stage.home.path().join(".config/openrouter-oauth");
    fs::create_dir_all(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
    stage.approve().await?;
    stage.browser.see("You are signed in, but the key was not stored").await?;
    let ended = login.end().await?;
    same("that the key is printed", &ended.stdout.contains("sk-or-v1-"), &true)?;
    same("exchanges", &stage.exchanges(), &1)
}

pub(super) async fn paste_the_code(stage: &Stage<'_>) -> Result {
    let mut command = stage.home.program(&["login", "--json", "--headless"])?;
    command.stdin(Stdio::piped());
    let mut login = Login::start(command).await?;
    stage.open(&login.url).await?;
    stage.approve().await?;
    stage.browser.see("Your code (emulator)").await?;
    stage.picture("code.png").await?;
    let code = stage.browser.text("#code").await?;
    login.paste(&code).await?;
    stage.keeps_the_key(login).await
}

/// A login that hears nothing has time to do something wrong, and does not.
async fn still_waits(login: &mut Login) -> Result {
    sleep(Duration::from_millis(500)).await;
    same("that the login waits", &login.waits()?, &true)
}
