//! Hostile pages that are open in the same browser while a login waits.

use openrouter_oauth_tests::{
    Result,
    webdriver::{REBOUND, ReceivedResponse},
};
use openrouter_oauth_transport_contract::ScriptedServer;
use serde_json::json;

use crate::{
    expect::expect_eq,
    hostile,
    session::{BrowserSession, callback_url, origin},
};

// L-6, L-7, L-11
pub(super) async fn without_the_path(session: &BrowserSession<'_>) -> Result {
    let mut login = session.home.login(&[]).await?;
    let callback = callback_url(&login);
    let here = origin(&callback);
    // Differs from the attempt ID in one letter.
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
        session.browser.open_tab().await?;
        attack(session, &origin).await?;
        let own = session.browser.tabs().await?;
        session.browser.click("button").await?;
        for window in session.browser.opened_since(&own, targets.len() - 2).await? {
            session.browser.switch_to(&window).await?;
            session.browser.wait_for_page("There is nothing here").await?;
        }
        expect_eq("that the login waits", &login.is_waiting()?, &true)?;
    }
    session.open_consent_page(&login.url).await?;
    session.approve().await?;
    session.expect_signed_in(login).await?;
    expect_rejected(&session.close_and_collect_responses(&callback).await?, &targets, &[400, 404])
}

// L-9, L-10
pub(super) async fn with_the_path(session: &BrowserSession<'_>) -> Result {
    let mut login = session.home.login(&[]).await?;
    let callback = callback_url(&login);
    let targets = ["error=access_denied", "code=forged"].map(|query| format!("{callback}?{query}"));
    let page = hostile::serve(&targets, &[])?;
    for origin in origins(&page) {
        session.browser.open_tab().await?;
        attack(session, &origin).await?;
        expect_eq("that the login waits", &login.is_waiting()?, &true)?;
    }
    session.open_consent_page(&login.url).await?;
    session.approve().await?;
    session.expect_signed_in(login).await?;
    expect_rejected(&session.close_and_collect_responses(&callback).await?, &targets, &[400, 403, 405])
}

// L-8
pub(super) async fn by_another_name(session: &BrowserSession<'_>) -> Result {
    let mut login = session.home.login(&[]).await?;
    let callback = callback_url(&login);
    let rebound = callback.replacen("127.0.0.1", REBOUND, 1);
    let (browser, title) = (&session.browser, "This is the wrong address");
    for query in ["error=access_denied", "code=forged"] {
        browser.load(title, async || browser.navigate(&format!("{rebound}?{query}")).await).await?;
    }
    // A page of that name is now open. An attacker's page, unlike this one, would have no policy that blocks its
    // requests.
    browser.devtools("Page.setBypassCSP", json!({"enabled": true})).await?;
    browser.load(title, async || browser.reload().await).await?;
    let promise = format!("fetch('{rebound}?code=forged').then((response) => response.status)");
    let status = browser.await_promise(&promise).await?;
    expect_eq("the status of the response to a script of that name", &status, &json!(421))?;
    expect_eq("that the login waits", &login.is_waiting()?, &true)?;
    session.open_consent_page(&login.url).await?;
    session.approve().await?;
    session.expect_signed_in(login).await
}

/// Opens the hostile page in the current tab, and waits until it has tried everything.
async fn attack(session: &BrowserSession<'_>, origin: &str) -> Result {
    session.browser.navigate(origin).await?;
    session.browser.wait_for_page("tried").await?;
    let read = session.browser.run("return read").await?;
    expect_eq("what the page could read", &read, &json!([]))
}

/// Expects that every kind of request to each target reached the listener, from each origin, and was rejected.
fn expect_rejected(responses: &[&ReceivedResponse], targets: &[String], statuses: &[u16]) -> Result {
    expect_eq("the kinds of requests", &hostile::request_kinds().count(), &19)?;
    for target in targets {
        for kind in hostile::request_kinds() {
            let matching = responses.iter().filter(|response| is_for(response, target, kind));
            let statuses_of: Vec<_> = matching.map(|response| response.status).collect();
            let all_rejected = statuses_of.iter().all(|status| statuses.contains(status));
            if statuses_of.len() < ORIGINS.len() || !all_rejected {
                return Err(
                    format!("the statuses of {kind} requests for {target} are {statuses_of:?}").into()
                );
            }
        }
    }
    Ok(())
}

/// Returns whether a response is to a request of this kind for `target`.
fn is_for(response: &ReceivedResponse, target: &str, kind: &str) -> bool {
    let url = response.url.strip_suffix(&format!("kind={kind}")).and_then(|url| url.strip_suffix(['?', '&']));
    url == Some(target)
}

/// The hosts of the hostile page: the same site on another port, and another site.
const ORIGINS: [&str; 2] = ["127.0.0.1", "localhost"];

fn origins(page: &ScriptedServer) -> [String; 2] {
    ORIGINS.map(|host| page.origin().replacen("127.0.0.1", host, 1))
}
