//! A user of the application, with a browser.

use openrouter_oauth_emulator::DecisionOutcome;
use openrouter_oauth_tests::{
    Result,
    poll::poll,
    webdriver::{Browser, ChromeDriver, Cookie, ReceivedResponse},
};
use serde_json::json;

use super::{application::Application, deployment::Deployment};
use crate::{
    consent_page::{self, APPROVE, DENY},
    expect::{expect_eq, expect_part},
    looks::Screenshots,
};

/// The title of the page of a logged-in user.
pub(crate) const ACCOUNT: &str = "Your account";
/// The title of the application's page for everyone else.
pub(crate) const LOG_IN: &str = "Log in";
/// The title of the page with the button.
pub(crate) const BUTTON: &str = "Connect OpenRouter";

/// The titles of pages of the sign-in.
pub(crate) const ENDED: &str = "This sign-in has ended";
pub(crate) const NOT_OURS: &str = "This sign-in cannot continue here";
pub(crate) const UNKNOWN: &str = "The sign-in may not have completed";

/// The passphrase of every user.
pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// A user of the application, with a browser that has a new profile.
pub(crate) struct WebUser<'a> {
    driver: &'a ChromeDriver,
    pub(crate) deployment: &'a Deployment,
    pub(crate) screenshots: Screenshots<'a>,
    pub(crate) name: String,
    pub(crate) browser: Browser,
    /// The exchanges of earlier scenes.
    exchanges_before: usize,
}

impl<'a> WebUser<'a> {
    /// Opens a browser, and creates an account.
    pub(crate) async fn start(
        driver: &'a ChromeDriver,
        deployment: &'a Deployment,
        screenshots: Screenshots<'a>,
    ) -> Result<Self> {
        let user = Self::open_browser(driver, deployment, screenshots, deployment.new_name()).await?;
        user.create_account(&user.name).await?;
        Ok(user)
    }

    /// Signs in as the same user in another browser.
    pub(crate) async fn in_another_browser(&self) -> Result<Self> {
        let user =
            Self::open_browser(self.driver, self.deployment, self.screenshots, self.name.clone()).await?;
        user.log_in(&user.name).await?;
        Ok(user)
    }

    async fn open_browser(
        driver: &'a ChromeDriver,
        deployment: &'a Deployment,
        screenshots: Screenshots<'a>,
        name: String,
    ) -> Result<Self> {
        let browser = deployment.open_browser(driver).await?;
        let exchanges_before = deployment.emulator().posts("/auth/keys");
        let user = Self { driver, deployment, screenshots, name, browser, exchanges_before };
        user.go_home(LOG_IN).await?;
        Ok(user)
    }

    /// Closes the browser, and returns all responses that it received.
    pub(crate) async fn close(&self) -> Result<&[ReceivedResponse]> {
        let responses = self.browser.close().await?;
        let mut secrets = self.deployment.secrets();
        for response in responses {
            secrets.add(response);
        }
        Ok(responses)
    }

    /// Opens the application's page, which has this title.
    pub(crate) async fn go_home(&self, title: &str) -> Result {
        self.browser.load(title, async || self.browser.navigate(&self.deployment.origin).await).await
    }

    pub(crate) async fn log_in(&self, name: &str) -> Result {
        self.submit_name(name, "#log-in").await
    }

    pub(crate) async fn create_account(&self, name: &str) -> Result {
        self.submit_name(name, "#create-account").await
    }

    async fn submit_name(&self, name: &str, button: &str) -> Result {
        self.browser.enter("#name", name).await?;
        self.browser.enter("#passphrase", PASSPHRASE).await?;
        self.browser.click(button).await?;
        self.browser.wait_for_page(ACCOUNT).await
    }

    pub(crate) async fn log_out(&self) -> Result {
        self.browser.click("#log-out").await?;
        self.browser.wait_for_page(LOG_IN).await
    }

    /// Presses the application's button, and waits for the consent page.
    pub(crate) async fn begin(&self) -> Result {
        self.browser.click("#connect").await?;
        consent_page::wait(&self.browser).await
    }

    /// Presses the button of the consent page.
    pub(crate) async fn approve(&self) -> Result {
        self.browser.click(APPROVE).await
    }

    pub(crate) async fn deny(&self) -> Result {
        self.browser.click(DENY).await
    }

    /// Begins a sign-in, and approves it without the browser. Returns the URL of the callback.
    pub(crate) async fn begin_and_approve(&self) -> Result<String> {
        self.begin().await?;
        let url = self.browser.url().await?;
        let outcome = self.deployment.testbed().user().approve(&url, None).await?;
        let DecisionOutcome::Redirected(callback) = outcome else {
            return Err(format!("the emulator did not redirect: {outcome:?}").into());
        };
        self.deployment.secrets().add_callback(&callback);
        Ok(callback)
    }

    /// Opens a URL that shows a page with this title.
    pub(crate) async fn open(&self, url: &str, title: &str) -> Result {
        self.browser.load(title, async || self.browser.navigate(url).await).await
    }

    pub(crate) async fn reload(&self, title: &str) -> Result {
        self.browser.load(title, async || self.browser.reload().await).await
    }

    /// Waits for the account page, and expects that it shows a key.
    pub(crate) async fn expect_connected(&self) -> Result {
        self.browser.wait_for_page(ACCOUNT).await?;
        expect_eq("whether a key is shown", &self.has("#key-label").await?, &true)
    }

    /// Returns whether the page has an element.
    pub(crate) async fn has(&self, css: &str) -> Result<bool> {
        Ok(self.browser.run(&format!("return document.querySelector({}) !== null", json!(css))).await?
            == true)
    }

    /// Expects this number of exchanges in this scene.
    pub(crate) fn expect_exchanges(&self, expected: usize) -> Result {
        expect_eq("exchanges", &self.exchanges(), &expected)
    }

    fn exchanges(&self) -> usize {
        self.deployment.emulator().posts("/auth/keys") - self.exchanges_before
    }

    /// Waits until the emulator received the first exchange of this scene.
    pub(crate) async fn wait_for_exchange(&self) -> Result {
        poll("an exchange", async || Ok((self.exchanges() > 0).then_some(()))).await
    }

    /// Returns the cookies of the sign-in's attempts.
    pub(crate) async fn attempts(&self) -> Result<Vec<Cookie>> {
        let mut cookies = self.browser.cookies(&self.deployment.origin).await?;
        cookies.retain(|cookie| cookie.name.contains("openrouter-"));
        Ok(cookies)
    }

    /// Expects the cookies of the session and of one attempt, with the prefix and attributes of this
    /// deployment, and returns that of the attempt.
    pub(crate) async fn expect_session_and_attempt_cookies(&self) -> Result<Cookie> {
        let (is_tls, mut found) =
            (self.deployment.behind_tls.is_some(), self.browser.cookies(&self.deployment.origin).await?);
        let prefix = if is_tls { "__Host-" } else { "" };
        for cookie in &found {
            let attributes =
                (cookie.path.as_str(), cookie.http_only, cookie.secure, cookie.same_site.as_deref());
            expect_eq(&cookie.name, &attributes, &("/", true, is_tls, Some("Lax")))?;
            expect_eq("whether the cookie is the host's own", &cookie.domain.starts_with('.'), &false)?;
        }
        let [attempt, session] = ["openrouter-", "session"].map(|name| [prefix, name].concat());
        let is_known = |cookie: &Cookie| cookie.name.starts_with(&attempt) || cookie.name == session;
        expect_eq("cookies of the application", &found.iter().map(is_known).collect(), &vec![true, true])?;
        Ok(found.remove(0))
    }

    /// Sets one of the application's cookies, with this `SameSite`.
    pub(crate) async fn set_cookie(&self, cookie: &Cookie, same_site: &str) -> Result {
        let cookie = json!({
            "name": cookie.name, "value": cookie.value, "url": self.deployment.origin, "path": "/",
            "secure": cookie.secure, "httpOnly": true, "sameSite": same_site,
        });
        self.browser.devtools("Network.setCookie", cookie).await.map(drop)
    }

    /// Returns the instance that is not this one.
    pub(crate) fn other_instance(&self, instance: &Application) -> Result<&Application> {
        let mut others =
            self.deployment.instances.iter().filter(|other| other.address() != instance.address());
        Ok(others.next().ok_or("there is one instance")?)
    }

    /// Returns the hash of the newest key.
    pub(crate) fn newest_key(&self) -> Result<String> {
        Ok(self.deployment.emulator().keys().pop().ok_or("there is no key")?.hash)
    }

    /// Waits until the console has a message with this text, and returns it.
    pub(crate) async fn wait_for_console(&self, part: &str) -> Result<String> {
        poll(&format!("a message about {part}"), async || {
            Ok(self.browser.console().await?.into_iter().find(|message| message.contains(part)))
        })
        .await
    }

    /// Expects that neither the address bar nor the history has a code.
    pub(crate) async fn expect_no_code(&self) -> Result {
        let history = self.browser.devtools("Page.getNavigationHistory", json!({})).await?;
        let urls = history["entries"].as_array().into_iter().flatten().map(|entry| entry["url"].to_string());
        let urls: String = urls.collect();
        expect_part("the history", &urls, &self.deployment.origin)?;
        expect_eq("whether the history has a code", &urls.contains("code="), &false)?;
        expect_eq("whether the address bar has a query", &self.browser.url().await?.contains('?'), &false)
    }
}
