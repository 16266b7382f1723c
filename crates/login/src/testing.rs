//! Helps to test programs that sign users in, behind the feature `testing`.
//!
//! A [`TestUser`] takes the place of the user at the terminal. With a transport that returns canned responses, a whole login
//! runs in a test:
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
//! // The second question says what was wrong with the first text.
//! assert_eq!(user.problems().iter().filter(|problem| problem.is_some()).count(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! `openrouter-oauth-emulator` issues a code only after somebody has approved the authorize URL. To run a login against it,
//! implement [`Prompt`] yourself: keep the URL in `show`, and approve it with the emulator's `User` in `ask`.

use std::{
    collections::VecDeque,
    fmt, future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{Pasted, Prompt, PromptFuture, SignInInstructions};

/// A user who pastes the texts that a test gives. Clones are the same user.
#[derive(Clone, Debug)]
pub struct TestUser(Arc<Mutex<TestUserState>>);

struct TestUserState {
    texts: VecDeque<String>,
    url: Option<String>,
    problems: Vec<Option<String>>,
}

impl TestUser {
    /// Pastes one of `texts` each time that the login asks for a code. After the last text a question waits until the login
    /// times out, so give the login a short [`timeout`](crate::Login::timeout).
    pub fn pastes<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        let texts = texts.into_iter().map(Into::into).collect();
        Self(Arc::new(Mutex::new(TestUserState { texts, url: None, problems: Vec::new() })))
    }

    /// The authorize URL, once the login has shown it.
    pub fn url(&self) -> Option<String> {
        self.state().url.clone()
    }

    /// The problem that each question showed, in order; the first question shows none.
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
        let text = state.texts.pop_front();
        Box::pin(async move {
            match text {
                Some(text) => Ok(Pasted::new(text)),
                None => future::pending().await,
            }
        })
    }
}

/// It may hold codes.
impl fmt::Debug for TestUserState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestUserState").field("problems", &self.problems).finish_non_exhaustive()
    }
}
