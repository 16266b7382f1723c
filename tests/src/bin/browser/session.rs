//! What a scene plays on: an emulator, a browser, and a home for the program.

use std::{collections::BTreeMap, fmt::Debug, fs, path::Path, time::Duration};

use openrouter_oauth_emulator::{Emulator, EmulatorServer, Settings};
use openrouter_oauth_tests::query;
use tokio::time::{sleep, timeout};

use crate::{
    PATIENCE, Result,
    login_process::{Home, Login},
    network::Answer,
    webdriver::{Browser, Driver},
};

pub(crate) struct Stage<'a> {
    pub(crate) emulator: Emulator,
    pub(crate) server: EmulatorServer,
    pub(crate) browser: Browser,
    pub(crate) home: Home,
    pictures: Option<&'a Path>,
}

/// The title of the emulator's page.
pub(crate) const ASKING: &str = "Authorize (emulator)";

impl<'a> Stage<'a> {
    pub(crate) async fn set(driver: &Driver, settings: Settings, pictures: Option<&'a Path>) -> Result<Self> {
        let emulator = Emulator::with_settings(settings);
        let server = emulator.serve(0).await?;
        let home = Home::new(server.base_url())?;
        Ok(Self { emulator, server, browser: driver.open().await?, home, pictures })
    }

    pub(crate) async fn clear(self) -> Result {
        self.browser.close().await?;
        self.server.shutdown().await;
        Ok(())
    }

    /// Begins a login, and opens its page.
    pub(crate) async fn login(&self, arguments: &[&str]) -> Result<Login> {
        let login = self.home.login(arguments).await?;
        self.open(&login.url).await?;
        Ok(login)
    }

    pub(crate) async fn open(&self, url: &str) -> Result {
        self.browser.go(url).await?;
        self.browser.see(ASKING).await
    }

    pub(crate) async fn approve(&self) -> Result {
        self.browser.click("button[value=approve]").await
    }

    pub(crate) async fn deny(&self) -> Result {
        self.browser.click("button[value=deny]").await
    }

    /// A login comes to its good end, and the browser says so.
    pub(crate) async fn signs_in(&self, login: Login) -> Result {
        self.browser.see("You are signed in").await?;
        self.keeps_the_key(login).await
    }

    /// A login comes to its good end: one code was exchanged, and the key of it is kept, and works.
    pub(crate) async fn keeps_the_key(&self, login: Login) -> Result {
        let ended = login.end().await?;
        same("the exit status", &ended.status, &Some(0))?;
        same("exchanges", &self.exchanges(), &1)?;
        let token = self.home.run(&["token"]).await?;
        let key = token.stdout.trim();
        same("whether a key is stored", &key.starts_with("sk-or-v1-"), &true)?;
        for text in [ended.stdout, ended.stderr] {
            same("whether the key is shown", &text.contains(key), &false)?;
        }
        let status = self.home.run(&["status"]).await?;
        same("the exit status of asking for the key", &status.status, &Some(0))
    }

    /// A login comes to its end without a key.
    pub(crate) async fn fails(&self, login: Login, exit: i32, exchanges: usize) -> Result {
        let ended = login.end().await?;
        same("the exit status", &ended.status, &Some(exit))?;
        same("exchanges", &self.exchanges(), &exchanges)?;
        let token = self.home.run(&["token"]).await?;
        same("what is stored", &token.stdout.as_str(), &"")
    }

    /// Waits until an exchange has been asked for.
    pub(crate) async fn exchange_begins(&self) -> Result {
        let begins = async {
            while self.exchanges() == 0 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, begins).await.map_err(|_| "no exchange begins".into())
    }

    pub(crate) fn exchanges(&self) -> usize {
        self.emulator.posts("/auth/keys")
    }

    /// Closes the browser, and returns what the listener of a login answered it, each with the headers that it owes.
    pub(crate) async fn answers(&self, callback: &str) -> Result<Vec<&Answer>> {
        let (_, port) = origin(callback).rsplit_once(':').ok_or("the callback has no port")?;
        let all = self.browser.close().await?;
        let answers: Vec<_> = all.iter().filter(|answer| answer.is_from(port)).collect();
        for answer in &answers {
            check_headers(answer)?;
        }
        Ok(answers)
    }

    /// Leaves a picture of the page, if pictures are asked for.
    pub(crate) async fn picture(&self, name: &str) -> Result {
        if let Some(folder) = self.pictures {
            fs::create_dir_all(folder)?;
            fs::write(folder.join(name), self.browser.screenshot().await?)?;
        }
        Ok(())
    }
}

/// What every page of a listener is sent with (L-17), but for the hash that allows its style: the console says whether that
/// is the right one.
const HEADERS: [(&str, &str); 6] = [
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

fn check_headers(answer: &Answer) -> Result {
    let mut headers = answer.headers.clone();
    same("whether there is a length", &headers.remove("content-length").is_some(), &true)?;
    let allow = headers.remove("allow");
    same("whether the methods are named", &allow.is_some(), &(answer.status == 405))?;
    if let Some(policy) = headers.get_mut("content-security-policy") {
        *policy = without_hash(policy);
    }
    let expected = HEADERS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    same(&format!("the headers of {}", answer.url), &headers, &BTreeMap::from(expected))
}

fn without_hash(policy: &str) -> String {
    let Some((before, hash)) = policy.split_once("'sha256-") else { return policy.to_owned() };
    let after = hash.split_once('\'').map_or("", |(_, after)| after);
    [before, "'sha256-'", after].concat()
}

/// Where the browser is to come back to.
pub(crate) fn callback(login: &Login) -> String {
    query::parameter(&login.url, "callback_url")
}

/// `http://127.0.0.1:1234` of a URL there.
pub(crate) fn origin(url: &str) -> &str {
    url.strip_suffix(query::target(url)).unwrap_or(url)
}

/// Fails unless both are the same.
pub(crate) fn same<T: Debug + PartialEq>(what: &str, found: &T, expected: &T) -> Result {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: {found:?} in place of {expected:?}").into())
}
