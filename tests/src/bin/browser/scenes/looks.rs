//! The look of the pages, and their text for screen readers.

use openrouter_oauth_tests::Result;
use serde_json::{Value, json};

use crate::session::{BrowserSession, expect_eq};

/// Returns the page's defects: text that is hard to read, and elements wider than the window.
const FIND_DEFECTS: &str = include_str!("looks.js");

pub(super) async fn readable(session: &BrowserSession<'_>) -> Result {
    let login = session.begin_login(&["--label", "openrouter-oauth on my-laptop"]).await?;
    let elements = ["input[name=limit]", "button[value=approve]", "button[value=deny]"];
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
    check_everywhere(session, "consent", 580).await?;
    session.approve().await?;
    session.browser.wait_for_page("You are signed in").await?;
    expect_eq("the role of the result", &session.browser.role_and_name("p").await?.0.as_str(), &"status")?;
    check_everywhere(session, "signed-in", 240).await?;
    session.expect_signed_in(login).await
}

/// Checks the page in light and dark mode, in a window of this height and on a phone.
async fn check_everywhere(session: &BrowserSession<'_>, name: &str, height: u32) -> Result {
    for scheme in ["light", "dark"] {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        session.browser.devtools("Emulation.setEmulatedMedia", features).await?;
        for (screen, width, height) in [("window", 560, height), ("phone", 360, 640)] {
            let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": screen == "phone"});
            session.browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await?;
            session.save_screenshot(&format!("{name}-{scheme}-{screen}.png")).await?;
            let defects = session.browser.run(FIND_DEFECTS).await?;
            expect_eq(
                &format!("defects of the page {name}, {scheme}, in a {screen}"),
                &defects,
                &Value::Array(vec![]),
            )?;
        }
    }
    Ok(())
}
