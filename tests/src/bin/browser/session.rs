//! The environment of a scene: an emulator, a browser, and a home folder for the program.

use std::{collections::BTreeMap, path::Path};

use openrouter_oauth_emulator::{Emulator, Settings};
use openrouter_oauth_tests::{
    Result,
    poll::poll,
    query,
    testbed::Testbed,
    webdriver::{Browser, ChromeDriver, ReceivedResponse},
};

use crate::{
    consent_page::{self, APPROVE, DENY},
    expect::expect_eq,
    login_process::{Home, LoginProcess},
    looks::Screenshots,
};

/// The environment of a scene: an emulator, a browser, and a home folder for the program.
pub(crate) struct BrowserSession<'a> {
    testbed: Testbed,
    pub(crate) browser: Browser,
    pub(crate) home: Home,
    pub(crate) screenshots: Screenshots<'a>,
}

impl<'a> BrowserSession<'a> {
    pub(crate) async fn start(
        driver: &ChromeDriver,
        settings: Settings,
        screenshots: Screenshots<'a>,
    ) -> Result<Self> {
        let testbed = Testbed::over_tcp(settings).await;
        let home = Home::new(testbed.base_url().to_owned())?;
        Ok(Self { testbed, browser: driver.open().await?, home, screenshots })
    }

    pub(crate) async fn close(self) -> Result {
        self.browser.close().await?;
        Ok(())
    }

    pub(crate) fn emulator(&self) -> &Emulator {
        self.testbed.emulator()
    }

    /// Begins a login, and opens its consent page.
    pub(crate) async fn begin_login(&self, arguments: &[&str]) -> Result<LoginProcess> {
        let login = self.home.login(arguments).await?;
        self.open_consent_page(&login.url).await?;
        Ok(login)
    }

    pub(crate) async fn open_consent_page(&self, url: &str) -> Result {
        self.browser.navigate(url).await?;
        consent_page::wait(&self.browser).await
    }

    pub(crate) async fn approve(&self) -> Result {
        self.browser.click(APPROVE).await
    }

    pub(crate) async fn deny(&self) -> Result {
        self.browser.click(DENY).await
    }

    /// Expects the login to succeed, and the browser to show it.
    pub(crate) async fn expect_signed_in(&self, login: LoginProcess) -> Result {
        self.browser.wait_for_page("You are signed in").await?;
        self.expect_key_stored(login).await
    }

    /// Expects the login to succeed: it exchanged one code, and stored a key that works.
    pub(crate) async fn expect_key_stored(&self, login: LoginProcess) -> Result {
        let output = login.wait().await?;
        expect_eq("the exit status", &output.status, &Some(0))?;
        expect_eq("exchanges", &self.exchange_count(), &1)?;
        let token = self.home.run(&["token"]).await?;
        let key = token.stdout.trim();
        expect_eq("whether a key is stored", &key.starts_with("sk-or-v1-"), &true)?;
        for text in [output.stdout, output.stderr] {
            expect_eq("whether the key is shown", &text.contains(key), &false)?;
        }
        let status = self.home.run(&["status"]).await?;
        expect_eq("the exit status of `status`", &status.status, &Some(0))
    }

    /// Expects the login to fail with this exit status, without a key.
    pub(crate) async fn expect_failure(&self, login: LoginProcess, exit: i32, exchanges: usize) -> Result {
        let output = login.wait().await?;
        expect_eq("the exit status", &output.status, &Some(exit))?;
        expect_eq("exchanges", &self.exchange_count(), &exchanges)?;
        let token = self.home.run(&["token"]).await?;
        expect_eq("what is stored", &token.stdout.as_str(), &"")
    }

    /// Waits until the emulator receives an exchange.
    pub(crate) async fn wait_for_exchange(&self) -> Result {
        poll("an exchange", async || Ok((self.exchange_count() > 0).then_some(()))).await
    }

    pub(crate) fn exchange_count(&self) -> usize {
        self.emulator().posts("/auth/keys")
    }

    /// Closes the browser, and returns the responses of a login's listener, after a check of their headers.
    pub(crate) async fn close_and_collect_responses(&self, callback: &str) -> Result<Vec<&ReceivedResponse>> {
        let (_, port) = origin(callback).rsplit_once(':').ok_or("the callback has no port")?;
        let all = self.browser.close().await?;
        let responses: Vec<_> = all.iter().filter(|response| response.is_from(port)).collect();
        for response in &responses {
            check_headers(response)?;
        }
        Ok(responses)
    }
}

/// The headers of every page of a listener, without the hash that allows its style: the browser's console reports a
/// wrong hash.
const RESULT_PAGE_HEADERS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("connection", "close"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'sha256-'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    ("content-type", "text/html; charset=utf-8"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

fn check_headers(response: &ReceivedResponse) -> Result {
    let mut headers = response.headers.clone();
    expect_eq("whether there is a length", &headers.remove("content-length").is_some(), &true)?;
    let allow = headers.remove("allow");
    expect_eq("whether the methods are named", &allow.is_some(), &(response.status == 405))?;
    if let Some(policy) = headers.get_mut("content-security-policy") {
        *policy = without_hash(policy);
    }
    let expected = RESULT_PAGE_HEADERS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    expect_eq(&format!("the headers of {}", response.url), &headers, &BTreeMap::from(expected))
}

fn without_hash(policy: &str) -> String {
    let Some((before, hash)) = policy.split_once("'sha256-") else { return policy.to_owned() };
    let after = hash.split_once('\'').map_or("", |(_, after)| after);
    [before, "'sha256-'", after].concat()
}

/// Returns the callback URL of a login.
pub(crate) fn callback_url(login: &LoginProcess) -> String {
    query::parameter(&login.url, "callback_url")
}

/// Returns the origin of a URL, as in `http://127.0.0.1:1234`.
pub(crate) fn origin(url: &str) -> &str {
    url.strip_suffix(query::target(url)).unwrap_or(url)
}

/// Sets the mode of a file or folder.
#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) -> Result {
    Ok(std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?)
}

/// Fails, because only Unix has modes.
#[cfg(not(unix))]
pub(crate) fn set_mode(_: &Path, _: u32) -> Result {
    Err("this program needs Unix".into())
}
