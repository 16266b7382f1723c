//! The look of pages, in light and dark mode, in a window and on a phone.

use std::{fs, path::Path};

use openrouter_oauth_tests::{Result, webdriver::Browser};
use serde_json::{Value, json};

use crate::expect::expect_eq;

/// Returns the page's defects: text that is hard to read, and elements wider than the window.
const FIND_DEFECTS: &str = include_str!("looks.js");

/// Takes screenshots for a folder, if there is one.
#[derive(Clone, Copy)]
pub(crate) struct Screenshots<'a> {
    pub(crate) folder: Option<&'a Path>,
}

impl Screenshots<'_> {
    /// Saves a screenshot of the page.
    pub(crate) async fn save(self, browser: &Browser, name: &str) -> Result {
        if let Some(folder) = self.folder {
            fs::create_dir_all(folder)?;
            fs::write(folder.join(name), browser.screenshot().await?)?;
        }
        Ok(())
    }

    /// Checks the page in light and dark mode, in a window of this height and on a phone.
    pub(crate) async fn check_everywhere(self, browser: &Browser, name: &str, height: u32) -> Result {
        for scheme in ["light", "dark"] {
            browser.prefer(scheme).await?;
            for (screen, width, height) in [("window", 560, height), ("phone", 360, 640)] {
                let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": screen == "phone"});
                browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await?;
                self.save(browser, &format!("{name}-{scheme}-{screen}.png")).await?;
                let defects = browser.run(FIND_DEFECTS).await?;
                expect_eq(
                    &format!("defects of the page {name}, {scheme}, in a {screen}"),
                    &defects,
                    &Value::Array(vec![]),
                )?;
            }
        }
        Ok(())
    }
}
