//! Sign-ins in several tabs.

use openrouter_oauth_tests::Result;

use super::web_user::{ACCOUNT, NOT_OURS, WebUser};
use crate::expect::expect_eq;

pub(super) async fn in_any_order(user: &WebUser<'_>) -> Result {
    let mut tabs = Vec::new();
    for _ in 0..6 {
        tabs.push(user.browser.open_tab().await?);
        user.go_home(ACCOUNT).await?;
        user.begin().await?;
    }
    expect_eq("attempts", &user.attempts().await?.len(), &5)?;
    for (exchanges, tab) in [(1, 1), (2, 5), (3, 4)] {
        user.browser.switch_to(&tabs[tab]).await?;
        user.approve().await?;
        user.expect_connected().await?;
        user.expect_exchanges(exchanges)?;
    }
    for (tab, title) in [(0, NOT_OURS), (3, "You declined")] {
        user.browser.switch_to(&tabs[tab]).await?;
        user.deny().await?;
        user.browser.wait_for_page(title).await?;
    }
    user.browser.switch_to(&tabs[2]).await?;
    user.approve().await?;
    user.expect_connected().await?;
    user.expect_exchanges(4)
}
