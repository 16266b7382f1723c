//! A prompt whose user approves on the page and pastes the code.

use std::sync::{Mutex, PoisonError};

use openrouter_oauth_emulator::{DecisionOutcome, User};
use openrouter_oauth_login::{Pasted, Prompt, PromptError, PromptFuture, SignInInstructions};

#[derive(Debug)]
pub struct PastingUser {
    browser: User,
    /// The URL that the prompt showed.
    url: Mutex<String>,
}

impl PastingUser {
    pub fn new(browser: User) -> Self {
        Self { browser, url: Mutex::default() }
    }

    fn url(&self) -> String {
        self.url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Prompt for PastingUser {
    fn show(&self, instructions: &SignInInstructions<'_>) {
        assert!(instructions.is_headless);
        *self.url.lock().unwrap_or_else(PoisonError::into_inner) = instructions.url.as_str().to_owned();
    }

    fn ask<'a>(&'a self, problem: Option<&'a str>) -> PromptFuture<'a> {
        assert_eq!(problem, None, "the first code is good");
        Box::pin(async move {
            match self.browser.approve(&self.url(), None).await {
                Ok(DecisionOutcome::Code(code)) => Ok(Pasted::new(code)),
                _ => Err(PromptError::Unavailable),
            }
        })
    }
}
