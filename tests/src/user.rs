//! The user of a login, as a browser and as a terminal.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
};

use openrouter_oauth::AuthorizeUrl;
use openrouter_oauth_emulator::{DecisionOutcome, User};
use openrouter_oauth_login::{
    Browser, BrowserFuture, Pasted, Prompt, PromptError, PromptFuture, SignInInstructions,
};
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

/// What the user does on the consent page.
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

/// A prompt whose user types what the test says. Clones share one state.
#[derive(Clone, Debug)]
pub struct ScriptedPrompt {
    user: User,
    typed: Arc<Mutex<VecDeque<TypedInput>>>,
    url: Arc<Mutex<Option<String>>>,
    /// The problem that each question named.
    problems: Arc<Mutex<Vec<Option<String>>>>,
}

/// What the user types.
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

impl ScriptedPrompt {
    /// A user who types one of these each time the prompt asks, then nothing more.
    pub fn new(user: &User, typed: impl IntoIterator<Item = TypedInput>) -> Self {
        Self {
            user: user.clone(),
            typed: Arc::new(Mutex::new(typed.into_iter().collect())),
            url: Arc::default(),
            problems: Arc::default(),
        }
    }

    /// The problem that each question named. The first question names none.
    pub fn problems(&self) -> Vec<Option<String>> {
        self.problems.lock().unwrap().clone()
    }

    /// The authorize URL that the prompt showed.
    pub fn url(&self) -> Option<String> {
        self.url.lock().unwrap().clone()
    }

    async fn code(&self) -> String {
        let url = self.url().unwrap();
        match self.user.approve(&url, None).await.unwrap() {
            DecisionOutcome::Code(code) => code,
            DecisionOutcome::Redirected(callback) => callback,
            other => panic!("{other:?}"),
        }
    }
}

impl Prompt for ScriptedPrompt {
    fn show(&self, instructions: &SignInInstructions<'_>) {
        self.url.lock().unwrap().replace(instructions.url.to_string());
    }

    fn ask<'a>(&'a self, problem: Option<&'a str>) -> PromptFuture<'a> {
        self.problems.lock().unwrap().push(problem.map(str::to_owned));
        let typed = self.typed.lock().unwrap().pop_front();
        Box::pin(async move {
            match typed {
                Some(TypedInput::Code) => Ok(Pasted::new(self.code().await)),
                Some(TypedInput::Text(text)) => Ok(Pasted::new(text.to_owned())),
                Some(TypedInput::End) => Err(PromptError::Closed),
                Some(TypedInput::NoTerminal) => Err(PromptError::Unavailable),
                None => std::future::pending().await,
            }
        })
    }
}
