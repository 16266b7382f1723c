//! Policies of the application's page that stop its form.

use openrouter_oauth_tests::Result;

use super::web_user::{ACCOUNT, BUTTON, WebUser};
use crate::{
    consent_page,
    expect::{expect_eq, expect_part},
};

pub(super) async fn form_action(user: &WebUser<'_>) -> Result {
    let browser = &user.browser;
    user.open(&format!("{}/form-action-self", user.deployment.origin), ACCOUNT).await?;
    browser.console().await?;
    browser.click("#connect").await?;
    let message = user.wait_for_console("form-action").await?;
    expect_part("the console", &message, "form-action 'self'")?;
    expect_eq("the page", &browser.run("return document.title").await?, &ACCOUNT.into())?;

    let link = "const link = document.body.appendChild(document.createElement('a'));
        link.href = '/openrouter'; link.id = 'link'; link.textContent = 'Connect';";
    browser.run(link).await?;
    browser.click("#link").await?;
    browser.wait_for_page(BUTTON).await?;
    press_button(user).await
}

pub(super) async fn no_referrer(user: &WebUser<'_>) -> Result {
    user.open(&format!("{}/no-referrer", user.deployment.origin), ACCOUNT).await?;
    user.browser.click("#connect").await?;
    user.browser.wait_for_page(BUTTON).await?;
    expect_eq("attempts", &user.attempts().await?.len(), &0)?;
    press_button(user).await?;
    let responses = user
        .close()
        .await?
        .iter()
        .filter(|response| response.method == "POST" && response.url.contains("/openrouter"));
    let origins: Vec<_> = responses
        .map(|response| (response.request_headers.get("origin").map_or("", String::as_str), response.status))
        .collect();
    expect_eq(
        "the origins and statuses",
        &origins,
        &vec![("null", 403), (user.deployment.origin.as_str(), 303)],
    )
}

/// Presses the button on the router's page, and completes the sign-in.
async fn press_button(user: &WebUser<'_>) -> Result {
    user.browser.click("button").await?;
    consent_page::wait(&user.browser).await?;
    user.approve().await?;
    user.expect_connected().await?;
    user.expect_exchanges(1)
}
