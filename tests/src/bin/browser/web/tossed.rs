//! Cookies that another server of the same site, or of the same machine, sets.

use openrouter_oauth_tests::Result;
use openrouter_oauth_transport_contract::{Scheme, ScriptedServer};
use serde_json::json;

use super::{
    tls_front_end::{HOST, SIBLING},
    web_user::{ACCOUNT, NOT_OURS, WebUser},
};
use crate::expect::{expect_eq, expect_part};

pub(super) async fn replaced_by_sibling(user: &WebUser<'_>) -> Result {
    user.begin().await?;
    let own = user.browser.current_tab().await?;
    let names = user.browser.cookies(&user.deployment.origin).await?.into_iter().map(|cookie| cookie.name);
    let names: Vec<_> = names.collect();
    expect_eq("cookies of the application", &names.len(), &2)?;
    user.browser.open_tab().await?;
    for path in ["/", "/openrouter"] {
        let names = names.iter().map(String::as_str).chain(["ordinary"]);
        toss(user, &names.map(|name| format!("{name}=evil; Path={path}")).collect::<Vec<_>>()).await?;
    }
    let at_callback = format!("{}/openrouter/callback/x", user.deployment.origin);
    let evil: Vec<_> = user.browser.cookies(&at_callback).await?;
    let evil = evil.into_iter().filter(|cookie| cookie.value.contains("evil")).map(|cookie| cookie.name);
    let evil: Vec<_> = evil.collect();
    expect_eq("the tossed cookies", &evil, &["ordinary", "ordinary"].map(str::to_owned).to_vec())?;
    user.browser.switch_to(&own).await?;
    user.approve().await?;
    user.expect_connected().await?;
    user.expect_exchanges(1)
}

fn sixty_cookies(length: usize) -> Vec<String> {
    (0..60).map(|number| format!("tossed{number}={}; Path=/", "x".repeat(length))).collect()
}

pub(super) async fn too_many(user: &WebUser<'_>) -> Result {
    user.browser.open_tab().await?;
    toss(user, &sixty_cookies(80)).await?;
    user.go_home(ACCOUNT).await?;
    user.begin().await?;
    expect_eq("all cookies", &user.browser.cookies(&user.deployment.origin).await?.len(), &62)?;
    user.approve().await?;
    user.expect_connected().await?;

    let callback = user.begin_and_approve().await?;
    toss(user, &sixty_cookies(4000)).await?;
    // The front end rejects the request, so the application does not see it.
    user.open(&callback, "400 Request Header Or Cookie Too Large").await?;
    user.expect_exchanges(1)?;
    for number in 0..60 {
        let cookie = json!({"name": format!("tossed{number}"), "domain": format!(".{HOST}"), "path": "/"});
        user.browser.devtools("Network.deleteCookies", cookie).await?;
    }
    user.open(&callback, ACCOUNT).await?;
    user.expect_connected().await?;
    user.expect_exchanges(2)
}

/// Sets cookies of the whole domain on a page of the sibling.
async fn toss(user: &WebUser<'_>, cookies: &[String]) -> Result {
    let sibling = user.deployment.origin.replacen(HOST, SIBLING, 1);
    // This page has no title.
    user.open(&format!("{sibling}/health"), "").await?;
    let script = format!(
        "for (const cookie of {}) document.cookie = `${{cookie}}; Domain={HOST}; Secure`;",
        json!(cookies)
    );
    user.browser.run(&script).await.map(drop)
}

pub(super) async fn replaced_by_another_port(user: &WebUser<'_>) -> Result {
    for path in ["/", "/openrouter"] {
        user.go_home(ACCOUNT).await?;
        user.begin().await?;
        let own = user.browser.current_tab().await?;
        let mut attempts = user.attempts().await?;
        attempts.retain(|attempt| attempt.value != "evil");
        let name = attempts.pop().ok_or("there is no attempt")?.name;
        let other = server_that_sets(&format!("{name}=evil; Path={path}"))?;
        user.browser.open_tab().await?;
        user.open(other.origin(), "tossed").await?;
        // The cookies of a host are those of all its ports.
        let received = other.requests().first().map(|request| request.values("cookie").concat());
        expect_part("the cookies", &String::from_utf8(received.unwrap_or_default())?, &name)?;
        user.browser.switch_to(&own).await?;
        user.approve().await?;
        user.browser.wait_for_page(NOT_OURS).await?;
    }
    user.expect_exchanges(0)
}

fn server_that_sets(cookie: &str) -> Result<ScriptedServer> {
    let page = "<!doctype html><title>tossed</title>";
    let head = format!("content-type: text/html\r\nset-cookie: {cookie}\r\ncontent-length: {}", page.len());
    Ok(ScriptedServer::responding(&Scheme::http(), format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{page}"))?)
}
