//! The user of a login, as a browser and as a terminal.

use std::io;

use openrouter_oauth::AuthorizeUrl;
use openrouter_oauth_emulator::{DecisionOutcome, User};
use openrouter_oauth_login::{Browser, BrowserFuture, PromptError, testing::TestUser};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
};

use crate::query;

/// A browser whose user always makes the same decision. Clones share one state.
#[derive(Clone, Debug)]
pub struct UserBrowser {
    user: User,
    decision: Decision,
    /// The response of the login's listener.
    response: watch::Sender<Option<String>>,
}

/// The user's decision on the consent page.
#[derive(Clone, Copy, Debug)]
enum Decision {
    Approve,
    Deny,
    /// Presses nothing.
    CloseTab,
}

impl UserBrowser {
    /// The user presses Authorize.
    pub fn approving(user: &User) -> Self {
        Self::new(user, Decision::Approve)
    }

    /// The user presses Deny.
    pub fn denying(user: &User) -> Self {
        Self::new(user, Decision::Deny)
    }

    /// The user closes the tab.
    pub fn leaving(user: &User) -> Self {
        Self::new(user, Decision::CloseTab)
    }

    fn new(user: &User, decision: Decision) -> Self {
        Self { user: user.clone(), decision, response: watch::Sender::new(None) }
    }

    /// Opens the authorize URL, decides, and follows the redirect. Returns the head and body of the listener's response.
    pub async fn follow(&self, url: &str) -> Option<String> {
        let outcome = match self.decision {
            Decision::Approve => self.user.approve(url, None).await.unwrap(),
            Decision::Deny => self.user.deny(url).await.unwrap(),
            Decision::CloseTab => return None,
        };
        let DecisionOutcome::Redirected(callback) = outcome else { return None };
        get(&callback).await.ok()
    }

    /// Returns the listener's response, if it has arrived.
    pub fn response_so_far(&self) -> Option<String> {
        self.response.borrow().clone()
    }

    /// Waits for the listener's response.
    pub async fn response(&self) -> String {
        let mut response = self.response.subscribe();
        let response = response.wait_for(Option::is_some).await.unwrap();
        response.clone().unwrap_or_default()
    }
}

impl Browser for UserBrowser {
    fn open<'a>(&'a self, url: &'a AuthorizeUrl) -> BrowserFuture<'a> {
        let (browser, url) = (self.clone(), url.clone());
        Box::pin(async move {
            tokio::spawn(async move {
                let response = browser.follow(url.as_str()).await;
                browser.response.send_replace(response);
            });
            Ok(())
        })
    }
}

/// Sends a browser's request to a URL of this machine, and returns the head and body of the response.
///
/// # Errors
///
/// If nothing listens on the port.
pub async fn get(url: &str) -> io::Result<String> {
    let host = url.split('/').nth(2).unwrap_or_default();
    let mut tcp = TcpStream::connect(host).await?;
    let target = query::target(url);
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n"
    );
    tcp.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    tcp.read_to_string(&mut response).await?;
    Ok(response)
}

/// The user's input at the prompt.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum TypedInput {
    /// The code that the page shows, or the URL of the callback.
    Code,
    /// Other text.
    Text(&'static str),
    /// Ctrl-D.
    End,
    /// Nothing: there is no terminal.
    NoTerminal,
}

/// A user at the prompt who types one of these each time the prompt asks, then nothing more.
pub fn typing(user: &User, typed: impl IntoIterator<Item = TypedInput>) -> TestUser {
    let (user, mut typed) = (user.clone(), typed.into_iter().collect::<Vec<_>>().into_iter());
    TestUser::pastes_with(move |url| {
        let (user, typed) = (user.clone(), typed.next());
        async move {
            match typed {
                Some(TypedInput::Code) => Ok(code(&user, &url).await),
                Some(TypedInput::Text(text)) => Ok(text.to_owned()),
                Some(TypedInput::End) => Err(PromptError::Closed),
                Some(TypedInput::NoTerminal) => Err(PromptError::Unavailable),
                None => std::future::pending().await,
            }
        }
    })
}

/// Approves, and returns the code that the page shows, or the URL of the callback.
async fn code(user: &User, url: &str) -> String {
    match user.approve(url, None).await.unwrap() {
        DecisionOutcome::Code(code) => code,
        DecisionOutcome::Redirected(callback) => callback,
        other => panic!("{other:?}"),
    }
}
