//! The user of a login: what they do on the page, the browser that comes back, and what they paste.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
};

use openrouter_oauth::AuthorizeUrl;
use openrouter_oauth_emulator::{Outcome, User};
use openrouter_oauth_login::{
    Browser, BrowserFuture, Pasted, Prompt, PromptError, PromptFuture, SignInInstructions,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
};

use crate::query;

/// A browser whose user decides in a certain way. Clones are the same browser.
#[derive(Clone, Debug)]
pub struct UserBrowser {
    user: User,
    decision: Decision,
    /// What the program's own page says in the end.
    told: watch::Sender<Option<String>>,
}

/// What a user does on the page.
#[derive(Clone, Copy, Debug)]
enum Decision {
    Approve,
    Deny,
    /// Closes the tab.
    Leave,
}

impl UserBrowser {
    /// Presses Authorize.
    pub fn approves(user: &User) -> Self {
        Self::new(user, Decision::Approve)
    }

    /// Presses Deny.
    pub fn denies(user: &User) -> Self {
        Self::new(user, Decision::Deny)
    }

    /// Closes the tab.
    pub fn leaves(user: &User) -> Self {
        Self::new(user, Decision::Leave)
    }

    fn new(user: &User, decision: Decision) -> Self {
        Self { user: user.clone(), decision, told: watch::Sender::new(None) }
    }

    /// Decides, and goes where the browser is sent. Returns the answer that it gets there, head and body.
    pub async fn visit(&self, url: &str) -> Option<String> {
        let outcome = match self.decision {
            Decision::Approve => self.user.approve(url, None).await.unwrap(),
            Decision::Deny => self.user.deny(url).await.unwrap(),
            Decision::Leave => return None,
        };
        let Outcome::Redirected(callback) = outcome else { return None };
        get(&callback).await.ok()
    }

    /// What the program's own page says, if it has come.
    pub fn heard(&self) -> Option<String> {
        self.told.borrow().clone()
    }

    /// What the program's own page says, once it has come.
    pub async fn told(&self) -> String {
        let mut told = self.told.subscribe();
        let told = told.wait_for(Option::is_some).await.unwrap();
        told.clone().unwrap_or_default()
    }
}

impl Browser for UserBrowser {
    fn open<'a>(&'a self, url: &'a AuthorizeUrl) -> BrowserFuture<'a> {
        let (user, url) = (self.clone(), url.clone());
        Box::pin(async move {
            tokio::spawn(async move {
                let answer = user.visit(url.as_str()).await;
                user.told.send_replace(answer);
            });
            Ok(())
        })
    }
}

/// Sends a browser's request to a URL of this machine, and returns the answer, head and body.
///
/// # Errors
///
/// If nothing listens there.
pub async fn get(url: &str) -> io::Result<String> {
    let host = url.split('/').nth(2).unwrap_or_default();
    let mut tcp = TcpStream::connect(host).await?;
    let target = query::target(url);
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n"
    );
    tcp.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// A terminal at which somebody types what a test says. Clones are the same terminal.
#[derive(Clone, Debug)]
pub struct Typist {
    user: User,
    typed: Arc<Mutex<VecDeque<Typed>>>,
    url: Arc<Mutex<Option<String>>>,
    /// What was said to be wrong each time.
    problems: Arc<Mutex<Vec<Option<String>>>>,
}

/// What somebody types.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum Typed {
    /// The code that the page shows, or the address that the browser comes back to.
    Code,
    /// Something else.
    Text(&'static str),
    /// Ctrl-D.
    End,
    /// There is no terminal.
    Nobody,
}

impl Typist {
    /// Types one of these each time, and then nothing more.
    pub fn new(user: &User, typed: impl IntoIterator<Item = Typed>) -> Self {
        Self {
            user: user.clone(),
            typed: Arc::new(Mutex::new(typed.into_iter().collect())),
            url: Arc::default(),
            problems: Arc::default(),
        }
    }

    /// What was said to be wrong, each time that a code was asked for.
    pub fn problems(&self) -> Vec<Option<String>> {
        self.problems.lock().unwrap().clone()
    }

    /// The URL that was shown.
    pub fn url(&self) -> Option<String> {
        self.url.lock().unwrap().clone()
    }

    async fn code(&self) -> String {
        let url = self.url().unwrap();
        match self.user.approve(&url, None).await.unwrap() {
            Outcome::Code(code) => code,
            Outcome::Redirected(callback) => callback,
            other => panic!("{other:?}"),
        }
    }
}

impl Prompt for Typist {
    fn show(&self, instructions: &SignInInstructions<'_>) {
        self.url.lock().unwrap().replace(instructions.url.to_string());
    }

    fn ask<'a>(&'a self, problem: Option<&'a str>) -> PromptFuture<'a> {
        self.problems.lock().unwrap().push(problem.map(str::to_owned));
        let typed = self.typed.lock().unwrap().pop_front();
        Box::pin(async move {
            match typed {
                Some(Typed::Code) => Ok(Pasted::new(self.code().await)),
                Some(Typed::Text(text)) => Ok(Pasted::new(text.to_owned())),
                Some(Typed::End) => Err(PromptError::Closed),
                Some(Typed::Nobody) => Err(PromptError::Unavailable),
                None => std::future::pending().await,
            }
        })
    }
}
