//! The look of the pages.

use openrouter_oauth_emulator::Fault;
use openrouter_oauth_tests::Result;

use super::web_user::{ACCOUNT, BUTTON, ENDED, UNKNOWN, WebUser};
use crate::consent_page::{self, LIMIT};

pub(super) async fn readable(user: &WebUser<'_>) -> Result {
    let (browser, screenshots) = (&user.browser, user.screenshots);
    user.log_out().await?;
    user.create_account("ada").await?;
    screenshots.check_everywhere(browser, "web-not-connected", 460).await?;
    user.open(&format!("{}/openrouter", user.deployment.origin), BUTTON).await?;
    screenshots.check_everywhere(browser, "web-button", 300).await?;
    user.go_home(ACCOUNT).await?;
    user.begin().await?;
    user.deny().await?;
    browser.wait_for_page("You declined").await?;
    screenshots.check_everywhere(browser, "web-declined", 300).await?;

    user.go_home(ACCOUNT).await?;
    let callback = user.begin_and_approve().await?;
    user.deployment.emulator().inject(Fault::drop_after_commit().on("/auth/keys"));
    user.open(&callback, UNKNOWN).await?;
    screenshots.check_everywhere(browser, "web-unknown", 400).await?;

    user.go_home(ACCOUNT).await?;
    user.begin().await?;
    browser.enter(LIMIT, "5").await?;
    user.approve().await?;
    user.expect_connected().await?;
    user.deployment.emulator().spend(&user.newest_key()?, 1.25)?;
    user.reload(ACCOUNT).await?;
    screenshots.check_everywhere(browser, "web-account", 620).await?;
    browser.back().await?;
    consent_page::wait(browser).await?;
    user.approve().await?;
    browser.wait_for_page(ENDED).await?;
    screenshots.check_everywhere(browser, "web-ended", 300).await?;
    user.go_home(ACCOUNT).await?;
    user.log_out().await?;
    screenshots.check_everywhere(browser, "web-login", 400).await
}
