//! Pages that mean ill, open in the same browser while a login waits.

use openrouter_oauth_transport_contract::ScriptedServer;
use serde_json::json;

use crate::{
    Result, hostile,
    network::Answer,
    stage::{Stage, callback, origin, same},
    webdriver::REBOUND,
};

// L-6, L-7, L-11
pub(super) async fn without_the_path(stage: &Stage<'_>) -> Result {
    let mut login = stage.home.login(&[]).await?;
    let callback = callback(&login);
    let here = origin(&callback);
    // One letter of the nonce is another.
    let mut near = callback.clone();
    let last = near.pop();
    near.push(if last == Some('A') { 'B' } else { 'A' });
    let targets = [
        format!("{here}/favicon.ico"),
        format!("{here}/callback?error=access_denied"),
        format!("{near}?error=access_denied"),
        format!("{near}?code=forged"),
    ];
    let page = hostile::serve(&targets, &targets[2..])?;
    for origin in origins(&page) {
        stage.browser.open_tab().await?;
        attack(stage, &origin).await?;
        let own = stage.browser.tabs().await?;
        stage.browser.click("button").await?;
        for window in stage.browser.opened_since(&own, targets.len() - 2).await? {
            stage.browser.switch_to(&window).await?;
            stage.browser.see("There is nothing here").await?;
        }
        same("that the login waits", &login.waits()?, &true)?;
    }
    stage.open(&login.url).await?;
    stage.approve().await?;
    stage.signs_in(login).await?;
    refused(&stage.answers(&callback).await?, &targets, &[400, 404])
}

// L-9, L-10
pub(super) async fn with_the_path(stage: &Stage<'_>) -> Result {
    let mut login = stage.home.login(&[]).await?;
    let callback = callback(&login);
    let targets = ["error=access_denied", "code=forged"].map(|query| format!("{callback}?{query}"));
    let page = hostile::serve(&targets, &[])?;
    for origin in origins(&page) {
        stage.browser.open_tab().await?;
        attack(stage, &origin).await?;
        same("that the login waits", &login.waits()?, &true)?;
    }
    stage.open(&login.url).await?;
    stage.approve().await?;
    stage.signs_in(login).await?;
    refused(&stage.answers(&callback).await?, &targets, &[400, 403, 405])
}

// L-8
pub(super) async fn by_another_name(stage: &Stage<'_>) -> Result {
    let mut login = stage.home.login(&[]).await?;
    let callback = callback(&login);
    let rebound = callback.replacen("127.0.0.1", REBOUND, 1);
    for query in ["error=access_denied", "code=forged"] {
        stage.browser.go(&format!("{rebound}?{query}")).await?;
        stage.browser.see("This is another address").await?;
    }
    // Now a page of that name is there. A page of the attacker's would have no policy that keeps it from asking.
    stage.browser.devtools("Page.setBypassCSP", json!({"enabled": true})).await?;
    stage.browser.reload().await?;
    stage.browser.see("This is another address").await?;
    let promise = format!("fetch('{rebound}?code=forged').then((answer) => answer.status)");
    let asked = stage.browser.settle(&promise).await?;
    same("what a script of that name gets", &asked, &json!(421))?;
    same("that the login waits", &login.waits()?, &true)?;
    stage.open(&login.url).await?;
    stage.approve().await?;
    stage.signs_in(login).await
}

/// Has the page do all it can from there, in the tab that is in front.
async fn attack(stage: &Stage<'_>, origin: &str) -> Result {
    stage.browser.go(origin).await?;
    stage.browser.see("tried").await?;
    let read = stage.browser.run("return read").await?;
    same("what the page could read", &read, &json!([]))
}

/// Every way to ask for each target led to the listener, from each origin, and was refused.
fn refused(answers: &[&Answer], targets: &[String], statuses: &[u16]) -> Result {
    same("the ways to ask", &hostile::ways().count(), &19)?;
    for target in targets {
        for way in hostile::ways() {
            let asked = answers.iter().filter(|answer| is_by(answer, target, way));
            let statuses_of: Vec<_> = asked.map(|answer| answer.status).collect();
            let is_refused = statuses_of.iter().all(|status| statuses.contains(status));
            if statuses_of.len() < ORIGINS.len() || !is_refused {
                return Err(format!("{target} by {way} was answered {statuses_of:?}").into());
            }
        }
    }
    Ok(())
}

/// Whether it was asked for `target` in this way.
fn is_by(answer: &Answer, target: &str, way: &str) -> bool {
    let asked =
        answer.url.strip_suffix(&format!("by={way}")).and_then(|asked| asked.strip_suffix(['?', '&']));
    asked == Some(target)
}

/// What a browser tells apart: another port of the same site, and another site.
const ORIGINS: [&str; 2] = ["127.0.0.1", "localhost"];

fn origins(page: &ScriptedServer) -> [String; 2] {
    ORIGINS.map(|host| page.origin().replacen("127.0.0.1", host, 1))
}
