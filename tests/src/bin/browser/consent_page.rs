//! The emulator's consent page.

use openrouter_oauth_tests::{Result, webdriver::Browser};

/// Its title.
pub(crate) const TITLE: &str = "Authorize (emulator)";

/// The field of the key's limit, and the buttons.
pub(crate) const LIMIT: &str = "input[name=limit]";
pub(crate) const APPROVE: &str = "button[value=approve]";
pub(crate) const DENY: &str = "button[value=deny]";

pub(crate) async fn wait(browser: &Browser) -> Result {
    browser.wait_for_page(TITLE).await
}
