//! What the pages look and sound like.

use serde_json::{Value, json};

use crate::{
    Result,
    session::{Stage, same},
};

/// Returns what is wrong with the page: text that is hard to read, and what is wider than the window.
const FAULTS: &str = include_str!("looks.js");

pub(super) async fn readable(stage: &Stage<'_>) -> Result {
    let login = stage.login(&["--label", "openrouter-oauth on my-laptop"]).await?;
    let asking = ["input[name=limit]", "button[value=approve]", "button[value=deny]"];
    let mut spoken = Vec::new();
    for css in asking {
        spoken.push(stage.browser.spoken(css).await?);
    }
    let expected =
        [("textbox", "Credit limit in US dollars (optional)"), ("button", "Authorize"), ("button", "Deny")];
    same(
        "what is read aloud",
        &spoken,
        &expected.map(|(role, name)| (role.to_owned(), name.to_owned())).to_vec(),
    )?;
    everywhere(stage, "asking", 580).await?;
    stage.approve().await?;
    stage.browser.see("You are signed in").await?;
    same("the role of the result", &stage.browser.spoken("p").await?.0.as_str(), &"status")?;
    everywhere(stage, "signed-in", 240).await?;
    stage.signs_in(login).await
}

/// In light and in dark, in a window of this height and on a phone.
async fn everywhere(stage: &Stage<'_>, name: &str, height: u32) -> Result {
    for scheme in ["light", "dark"] {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        stage.browser.devtools("Emulation.setEmulatedMedia", features).await?;
        for (screen, width, height) in [("window", 560, height), ("phone", 360, 640)] {
            let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": screen == "phone"});
            stage.browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await?;
            stage.picture(&format!("{name}-{scheme}-{screen}.png")).await?;
            let faults = stage.browser.run(FAULTS).await?;
            same(
                &format!("faults of the page {name}, {scheme}, in a {screen}"),
                &faults,
                &Value::Array(vec![]),
            )?;
        }
    }
    Ok(())
}
