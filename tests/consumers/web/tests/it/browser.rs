//! A browser with cookies, and with the user's decision on OpenRouter's page.

use std::collections::BTreeMap;

use http::{
    HeaderMap, Request, StatusCode,
    header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE},
};
use openrouter_oauth::{
    transport::{Limits, Transport},
    transport_hyper::HyperTransport,
};
use openrouter_oauth_emulator::{DecisionOutcome, User};

use crate::Result;

pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

pub(crate) struct Browser {
    transport: HyperTransport,
    /// The address of the instance.
    pub(crate) url: String,
    /// The origin that the browser sees.
    pub(crate) origin: String,
    pub(crate) cookies: BTreeMap<String, String>,
}

pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Browser {
    pub(crate) fn new(url: &str) -> Self {
        let transport = HyperTransport::new();
        Self { transport, url: url.to_owned(), origin: url.to_owned(), cookies: BTreeMap::new() }
    }

    pub(crate) async fn create_account(&mut self, name: &str) -> Result<Page> {
        self.post("/create-account", &form(name, PASSPHRASE)).await
    }

    pub(crate) async fn log_in(&mut self, name: &str, passphrase: &str) -> Result<Page> {
        self.post("/login", &form(name, passphrase)).await
    }

    /// Connects OpenRouter, and returns the account's page.
    pub(crate) async fn connect(&mut self) -> Result<Page> {
        let callback = self.approve().await?;
        let done = self.get(&callback).await?;
        assert_eq!(
            (done.status, done.location()),
            (StatusCode::SEE_OTHER, format!("{}/", self.origin).as_str())
        );
        self.get("/").await
    }

    /// Begins a sign-in and approves it. Returns the path and query of the callback.
    pub(crate) async fn approve(&mut self) -> Result<String> {
        let begun = self.post("/openrouter?return_to=/", "").await?;
        let user = User::new(HyperTransport::new());
        let DecisionOutcome::Redirected(callback) = user.approve(begun.location(), None).await? else {
            return Err("no redirect".into());
        };
        Ok(callback.strip_prefix(&self.origin).ok_or("another origin")?.to_owned())
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Page> {
        self.send(Request::get(format!("{}{path}", self.url)), "").await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Result<Page> {
        let request = Request::post(format!("{}{path}", self.url)).header(ORIGIN, &self.origin);
        self.send(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded"), form).await
    }

    pub(crate) async fn send(&mut self, request: http::request::Builder, form: &str) -> Result<Page> {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(COOKIE, cookies.join("; ")).body(form.to_owned().into())?;
        let (head, body) = self.transport.send(request, Limits::default()).await?.into_parts();
        for cookie in head.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str()?;
            let (name, value) =
                cookie.split(';').next().and_then(|pair| pair.split_once('=')).ok_or("no name")?;
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(Page { status: head.status, headers: head.headers, html: String::from_utf8(body.to_vec())? })
    }
}

impl Page {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |location| location.to_str().unwrap())
    }

    /// Returns the text of the element with this ID, without tags, or nothing if there is no such element.
    pub(crate) fn text(&self, id: &str) -> Option<&str> {
        let (_, element) = self.html.split_once(&format!(" id={id}"))?;
        Some(element.split_once('>')?.1.split('<').next().unwrap_or_default())
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.text(id).is_some()
    }

    pub(crate) fn title(&self) -> &str {
        self.html.split_once("<title>").and_then(|(_, title)| title.split('<').next()).unwrap_or_default()
    }
}

/// The passphrases of the tests contain only letters and spaces.
fn form(name: &str, passphrase: &str) -> String {
    format!("name={name}&passphrase={}", passphrase.replace(' ', "+"))
}
