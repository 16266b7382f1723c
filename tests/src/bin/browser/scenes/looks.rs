//! The look of the pages, and their text for screen readers.

use openrouter_oauth_tests::Result;

use crate::{
    consent_page::{APPROVE, DENY, LIMIT},
    expect::expect_eq,
    session::BrowserSession,
};

pub(super) async fn readable(session: &BrowserSession<'_>) -> Result {
    let login = session.begin_login(&["--label", "openrouter-oauth on my-laptop"]).await?;
    let elements = [LIMIT, APPROVE, DENY];
    let mut found = Vec::new();
    for css in elements {
        found.push(session.browser.role_and_name(css).await?);
    }
    let expected =
        [("textbox", "Credit limit in US dollars (optional)"), ("button", "Authorize"), ("button", "Deny")];
    expect_eq(
        "the accessible roles and names",
        &found,
        &expected.map(|(role, name)| (role.to_owned(), name.to_owned())).to_vec(),
    )?;
    session.screenshots.check_everywhere(&session.browser, "consent", 580).await?;
    session.approve().await?;
    session.browser.wait_for_page("You are signed in").await?;
    expect_eq("the role of the result", &session.browser.role_and_name("p").await?.0.as_str(), &"status")?;
    session.screenshots.check_everywhere(&session.browser, "signed-in", 240).await?;
    session.expect_signed_in(login).await
}
