//! A browser, an application, and clocks for the tests.

use std::{collections::BTreeMap, time::Duration};

use http::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE},
    request::Parts,
};
use openrouter_oauth::{ApiKey, Client, Retry};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, User};
use openrouter_oauth_web::{Connected, CookieKeys, Ending, SignIn, SignInBuilder};

pub(crate) use crate::{
    store::{Store, StoreFault},
    tokio_timer::TokioTimer,
};

pub(crate) const APP: &str = "https://my.app";
pub(crate) const KEY: [u8; 32] = key(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Returns a cookie key that no other number gives.
pub(crate) const fn key(number: u8) -> [u8; 32] {
    let mut key = [number; 32];
    key[0] = 0;
    key
}

/// An application, and OpenRouter.
pub(crate) struct App {
    pub(crate) sign_in: SignIn,
    pub(crate) emulator: Emulator,
    pub(crate) store: Store,
    pub(crate) client: Client,
}

impl App {
    pub(crate) fn new() -> Self {
        Self::with(APP, CookieKeys::new(KEY), |builder| builder)
    }

    pub(crate) fn with(
        origin: &str,
        keys: CookieKeys,
        settings: impl FnOnce(SignInBuilder) -> SignInBuilder,
    ) -> Self {
        let (emulator, timer) = (Emulator::new(), TokioTimer::new());
        let client = Client::builder().transport(emulator.clone()).timer(timer.clone()).retry(Retry::none());
        let client = client.build().unwrap();
        let store = Store::new(timer);
        let builder = SignIn::builder(client.clone(), origin, keys, store.clone()).key_label("my app");
        let sign_in = settings(builder).build().unwrap();
        Self { sign_in, emulator, store, client }
    }

    /// Creates another instance of the application, with the same store and service.
    pub(crate) fn instance(
        &self,
        origin: &str,
        keys: CookieKeys,
        settings: impl FnOnce(SignInBuilder) -> SignInBuilder,
    ) -> SignIn {
        let builder = SignIn::builder(self.client.clone(), origin, keys, self.store.clone());
        settings(builder.key_label("my app")).build().unwrap()
    }

    /// Returns how often a code was exchanged.
    pub(crate) fn exchanges(&self) -> usize {
        self.emulator.posts("/auth/keys")
    }

    /// The user approves at OpenRouter. Returns the URL of the callback.
    pub(crate) async fn approve(&self, authorize_url: &str) -> String {
        redirected(User::new(self.emulator.clone()).approve(authorize_url, None).await.unwrap())
    }

    pub(crate) async fn deny(&self, authorize_url: &str) -> String {
        redirected(User::new(self.emulator.clone()).deny(authorize_url).await.unwrap())
    }

    /// Begins a sign-in and approves it. Returns the URL of the callback.
    pub(crate) async fn begin_and_approve(&self, browser: &mut Browser, subject: &str) -> String {
        let url = browser.begin(&self.sign_in, subject, None, b"");
        self.approve(&url).await
    }
}

fn redirected(outcome: DecisionOutcome) -> String {
    let DecisionOutcome::Redirected(url) = outcome else { panic!("{outcome:?}") };
    url
}

/// A browser with its cookies.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Returns the head of a request with this browser's cookies.
    pub(crate) fn request(&self, method: Method, url: &str) -> Parts {
        let path = url.strip_prefix(APP).unwrap_or(url);
        let mut request = Request::builder().method(method).uri(path);
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        request.body(()).unwrap().into_parts().0
    }

    /// Returns the beginning of the name of a cookie of an attempt.
    pub(crate) fn prefix(&self) -> String {
        let name = self.cookies.keys().find(|name| name.contains("openrouter-")).unwrap();
        name[..name.len() - 22].to_owned()
    }

    pub(crate) fn post(&self, url: &str, origin: &str) -> Parts {
        let mut parts = self.request(Method::POST, url);
        parts.headers.insert(ORIGIN, origin.parse().unwrap());
        parts
    }

    /// Begins a sign-in. Returns the URL at OpenRouter.
    pub(crate) fn begin(
        &mut self,
        sign_in: &SignIn,
        subject: &str,
        return_to: Option<&str>,
        data: &[u8],
    ) -> String {
        let response = sign_in.begin(&self.post("/openrouter", APP), subject, return_to, data);
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{response:?}");
        self.receive(&response);
        location(&response)
    }

    /// Opens a callback, and stores nothing. Keeps the cookies of the response.
    pub(crate) async fn open(
        &mut self,
        sign_in: &SignIn,
        url: &str,
        subject: &str,
    ) -> Result<Finished, Shown> {
        match sign_in.callback(&self.request(Method::GET, url)).finish(subject).await {
            Ok(connected) => {
                let finished = Finished::from(connected).await;
                self.receive(&finished.response);
                Ok(finished)
            }
            Err(ending) => Err(self.show(ending)),
        }
    }

    fn show(&mut self, ending: Ending) -> Shown {
        let outcome = format!("{:?}", ending.outcome());
        let has_error = ending.error().is_some();
        let response = ending.into_response();
        self.receive(&response);
        Shown { outcome, has_error, response }
    }

    pub(crate) fn receive(&mut self, response: &Response<String>) {
        for cookie in response.headers().get_all(SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(pair.len() <= 768, "{}", pair.len());
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// What a finished sign-in brought.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) key: ApiKey,
    pub(crate) user_id: String,
    pub(crate) data: Vec<u8>,
    pub(crate) return_to: String,
    pub(crate) response: Response<String>,
}

impl Finished {
    async fn from(connected: Connected) -> Self {
        Self {
            key: connected.key().clone(),
            user_id: format!("{:?}", connected.user_id()),
            data: connected.data().to_vec(),
            return_to: connected.return_to().to_owned(),
            response: connected.done().await,
        }
    }
}

/// What a browser shows after a callback without a key.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) outcome: String,
    pub(crate) has_error: bool,
    pub(crate) response: Response<String>,
}

impl Shown {
    pub(crate) fn header(&self, name: impl http::header::AsHeaderName) -> &str {
        self.response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn location(response: &Response<String>) -> String {
    response.headers()[LOCATION].to_str().unwrap().to_owned()
}

/// Returns the headers of a response, one a line.
pub(crate) fn lines(headers: &HeaderMap) -> String {
    let lines = headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
    let mut lines: Vec<_> = lines.collect();
    lines.sort();
    lines.concat()
}

/// Returns the URL without its query.
pub(crate) fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap()
}
