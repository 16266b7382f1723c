//! Signs in from a web page of another origin, in Chromium, as a single-page application does.

use openrouter_oauth_tests::{
    Result,
    webdriver::{Browser, ChromeDriver},
};
use openrouter_oauth_transport_contract::{Scheme, ScriptedServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    emulator::{EmulatorProcess, receive_json, with_json},
    install::Installed,
};

/// The scripts of the page, each with the claim that it checks.
pub(crate) const SCRIPTS: [(&str, &str); 2] = [
    ("fetch.mjs", "a page of another origin signs in with its own fetch"),
    ("sdk.mjs", "a page of another origin signs in with the TypeScript SDK"),
];

/// Signs in with this script, and checks that the page can read the API, but neither the consent page nor the log, and
/// that it cannot control the emulator.
///
/// # Errors
///
/// If the page does not get a key, or can read what it must not.
pub(crate) async fn sign_in(driver: &ChromeDriver, script: &str, installed: &Installed) -> Result {
    let emulator = EmulatorProcess::start().await?;
    let page = serve(&installed.bundle(&installed.script(script))?, emulator.base_url())?;
    let browser = driver.open().await?;
    let result = sign_in_at(&browser, &page, &emulator).await;
    browser.close().await?;
    result
}

async fn sign_in_at(browser: &Browser, page: &ScriptedServer, emulator: &EmulatorProcess) -> Result {
    browser.navigate(&page.url("/")).await?;
    browser.wait_for_page("Application").await?;
    browser.click("#sign-in").await?;
    browser.wait_for_page("Authorize (emulator)").await?;
    browser.click("button[value=approve]").await?;
    browser.wait_for_page("Signed in with a limit of 5").await?;
    let keys = emulator.granted_keys().await?;
    if keys != 1 {
        return Err(format!("{keys} keys were granted").into());
    }
    let origin = emulator.origin();
    let key = emulator.create_key().await?;
    let approve = r#"{ method: "POST", body: "decision=approve" }"#;
    for (request, expected) in [
        (format!("fetch('{origin}/api/v1/key')"), json!(401)),
        (format!("fetch('{origin}/auth?callback_url=https://my.app')"), blocked()),
        (format!("fetch('{origin}/auth?callback_url=https://my.app', {approve})"), blocked()),
        (format!("fetch('{origin}/emulator/log')"), blocked()),
        (format!("fetch('{origin}/emulator/keys/{key}', {{ method: \"DELETE\" }})"), blocked()),
    ] {
        let seen = browser.await_promise(&format!("{request}.then((response) => response.status)")).await?;
        if seen != expected {
            return Err(format!("{request} led to {seen} instead of {expected}").into());
        }
    }
    // The page did not revoke the key.
    receive_json(emulator.api(Method::GET, "/key").bearer_auth(&key)).await?;
    check_clock(browser, emulator).await
}

/// Checks that the page cannot move the clock. The browser sends its request without a preflight.
async fn check_clock(browser: &Browser, emulator: &EmulatorProcess) -> Result {
    let code = emulator.approve_without_pkce().await?;
    let url = format!("{}/emulator/advance", emulator.origin());
    let body = json!({ "seconds": 86_400 }).to_string();
    let advance = format!("fetch('{url}', {{ method: \"POST\", mode: \"no-cors\", body: '{body}' }})");
    let seen = browser.await_promise(&format!("{advance}.then((response) => response.type)")).await?;
    if seen != json!("opaque") {
        return Err(format!("{advance} led to {seen} instead of a response that the page cannot read").into());
    }
    // An advanced clock would have expired the code.
    let exchange = with_json(emulator.api(Method::POST, "/auth/keys"), &json!({ "code": code }));
    receive_json(exchange).await.map(drop)
}

/// What `fetch` reports if the browser hides a response from the page.
fn blocked() -> Value {
    json!("TypeError: Failed to fetch")
}

/// Serves the page at every path.
fn serve(script: &str, base_url: &str) -> Result<ScriptedServer> {
    let page = include_str!("../../../conformance/spa/page.html");
    let page = page.replace("$BASE_URL", base_url).replace("$SCRIPT", script);
    let head = format!("content-type: text/html; charset=utf-8\r\ncontent-length: {}", page.len());
    Ok(ScriptedServer::responding(&Scheme::http(), format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{page}"))?)
}
