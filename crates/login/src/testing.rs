//! Helpers for testing programs that sign users in. Requires the feature `testing`.
//!
//! A [`TestUser`] replaces the user at the terminal. With a transport that returns canned responses, a whole login runs
//! in a test:
//!
//! ```
//! use openrouter_oauth::{Client, transport::from_fn, transport_hyper::TokioTimer};
//! use openrouter_oauth_login::{Login, testing::TestUser};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let openrouter = from_fn(|_request, _limits| async {
//!     Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
//! });
//! let client = Client::builder().transport(openrouter).timer(TokioTimer::new()).build()?;
//!
//! let user = TestUser::pastes(["https://elsewhere.example/?code=abc", "auth_code_abc123"]);
//! let signed_in = Login::new(&client).headless(true).prompt(user.clone()).run().await?;
//! assert_eq!(signed_in.user_id.as_deref(), Some("user_1"));
//! // The second question shows what was wrong with the first text.
//! assert_eq!(user.problems().iter().filter(|problem| problem.is_some()).count(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! A service that issues a code only after an approval, such as `openrouter-oauth-emulator`, needs the authorize URL
//! first: see [`TestUser::pastes_with`].

use std::{
    collections::VecDeque,
    fmt, future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{Pasted, Prompt, PromptError, PromptFuture, SignInInstructions};

/// A scripted user at the prompt. Clones share one script.
#[derive(Clone, Debug)]
pub struct TestUser(Arc<Mutex<TestUserState>>);

struct TestUserState {
    source: Source,
    url: Option<String>,
    problems: Vec<Option<String>>,
}

/// Returns the text that the user pastes, given the authorize URL.
type Source = Box<dyn FnMut(String) -> SourceFuture + Send>;

type SourceFuture = Pin<Box<dyn Future<Output = Result<String, PromptError>> + Send>>;

impl TestUser {
    /// Pastes one of `texts` each time the login asks for a code. After the last text, a question waits until the login
    /// times out, so give the login a short [`timeout`](crate::Login::timeout).
    pub fn pastes<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut texts: VecDeque<String> = texts.into_iter().map(Into::into).collect();
        Self::pastes_with(move |_url| {
            let text = texts.pop_front();
            async move {
                match text {
                    Some(text) => Ok(text),
                    None => future::pending().await,
                }
            }
        })
    }

    /// Calls `source` with the authorize URL each time the login asks for a code, and pastes the text that it returns.
    ///
    /// A test against `openrouter-oauth-emulator` approves the URL in `source`, as the front page of that crate shows.
    /// The login handles an error like one from [`Prompt::ask`].
    ///
    /// ```
    /// use openrouter_oauth_login::testing::TestUser;
    ///
    /// # async fn approve(_url: &str) -> String { "auth_code_abc123".to_owned() }
    /// let user = TestUser::pastes_with(|url| async move {
    ///     Ok(approve(&url).await)
    /// });
    /// ```
    pub fn pastes_with<F, C>(mut source: F) -> Self
    where
        F: FnMut(String) -> C + Send + 'static,
        C: Future<Output = Result<String, PromptError>> + Send + 'static,
    {
        let source: Source = Box::new(move |url| Box::pin(source(url)));
        Self(Arc::new(Mutex::new(TestUserState { source, url: None, problems: Vec::new() })))
    }

    /// Returns the authorize URL, once the login has shown it.
    pub fn url(&self) -> Option<String> {
        self.state().url.clone()
    }

    /// Returns the problem that each question showed, in order. The first question shows none.
    pub fn problems(&self) -> Vec<Option<String>> {
        self.state().problems.clone()
    }

    fn state(&self) -> MutexGuard<'_, TestUserState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Prompt for TestUser {
    fn show(&self, instructions: &SignInInstructions<'_>) {
        self.state().url = Some(instructions.url.as_str().to_owned());
    }

    fn ask<'a>(&'a self, problem: Option<&'a str>) -> PromptFuture<'a> {
        let mut state = self.state();
        state.problems.push(problem.map(str::to_owned));
        let url = state.url.clone().unwrap_or_default();
        let text = (state.source)(url);
        Box::pin(async move { text.await.map(Pasted::new) })
    }
}

/// Omits the URL and the source, which may contain codes.
impl fmt::Debug for TestUserState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestUserState").field("problems", &self.problems).finish_non_exhaustive()
    }
}
