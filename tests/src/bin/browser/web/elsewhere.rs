//! A callback in the wrong browser, or of another user.

use openrouter_oauth_tests::Result;

use super::web_user::{ACCOUNT, LOG_IN, NOT_OURS, WebUser};
use crate::expect::expect_eq;

pub(super) async fn another_user(user: &WebUser<'_>) -> Result {
    let callback = user.begin_and_approve().await?;
    user.go_home(ACCOUNT).await?;
    user.log_out().await?;
    // The application asks a user without a session to sign in.
    user.open(&callback, LOG_IN).await?;
    user.create_account(&format!("not {}", user.name)).await?;
    user.open(&callback, NOT_OURS).await?;
    user.reload(NOT_OURS).await?;
    user.expect_exchanges(0)?;
    user.go_home(ACCOUNT).await?;
    expect_eq("whether the other has a key", &user.has("#key-label").await?, &false)?;
    user.log_out().await?;
    user.log_in(&user.name).await?;
    user.open(&callback, ACCOUNT).await?;
    user.expect_connected().await?;
    user.expect_exchanges(1)
}

pub(super) async fn another_browser(user: &WebUser<'_>) -> Result {
    let callback = user.begin_and_approve().await?;
    let other = user.in_another_browser().await?;
    other.open(&callback, NOT_OURS).await?;
    other.reload(NOT_OURS).await?;
    other.close().await?;
    user.expect_exchanges(0)?;
    user.open(&callback, ACCOUNT).await?;
    user.expect_connected().await?;
    user.expect_exchanges(1)
}
