//! The screen that the user sees during a login.

use std::{
    io::{self, IsTerminal as _},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use openrouter_oauth_login::{
    Event, Login, Pasted, Prompt, PromptError, PromptFuture, SignInInstructions, TerminalPrompt,
};
use serde_json::json;

use crate::{output::Output, spinner::Spinner};

/// The screen of a login: the prompt at the terminal, and lines and a spinner on standard error, which take turns.
///
/// With `--json`, there is no prompt at the terminal: the program that runs this one shows the URL.
#[derive(Clone, Debug)]
pub(super) struct Screen(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    output: Output,
    spinner: Mutex<Option<Spinner>>,
    /// Whether the page shows a code, so that pasting is the only way to sign in.
    is_headless: AtomicBool,
    /// Why the page shows a code, if the user has not chosen that.
    page_note: Option<String>,
    user_id: Mutex<Option<String>>,
    /// Whether to report the next request that is not the callback.
    reports_rejected_requests: AtomicBool,
}

impl Screen {
    pub(super) fn new(output: Output, page_note: Option<String>) -> Self {
        Self(Arc::new(Parts {
            output,
            spinner: Mutex::default(),
            is_headless: AtomicBool::new(false),
            page_note,
            user_id: Mutex::default(),
            reports_rejected_requests: AtomicBool::new(true),
        }))
    }

    /// Makes the login show its progress and its prompt here.
    pub(super) fn attach(&self, login: Login) -> Login {
        let screen = self.clone();
        login.prompt(self.clone()).on_event(move |event| screen.on_event(event))
    }

    /// Ends the display of the login's progress, and returns the login's result.
    pub(super) fn finish<T>(&self, result: T) -> T {
        self.clear();
        result
    }

    /// Returns the ID of the user who signed in, if OpenRouter returned it.
    pub(super) fn user_id(&self) -> Option<String> {
        self.0.user_id.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes a line.
    fn note(&self, text: &str) {
        self.clear();
        self.0.output.note(text);
    }

    /// Writes a line below the prompt that may be on the terminal.
    fn interrupt(&self, text: &str) {
        let below = if io::stderr().is_terminal() { "\n" } else { "" };
        self.note(&format!("{below}{text}"));
    }

    /// Removes the spinner.
    pub(super) fn clear(&self) {
        *self.spinner() = None;
    }

    /// Shows the current activity until the next line.
    fn busy(&self, text: &str) {
        self.clear();
        *self.spinner() = self.0.output.spinner(text);
    }

    fn on_event(&self, event: &Event<'_>) {
        match event {
            Event::StoredKeyRejected(_) => self.note("OpenRouter no longer accepts the stored key."),
            Event::OtherSignIn => {
                self.busy("Another program is signing in; waiting for its key");
                self.0.output.event(&json!({ "waiting": "another program is signing in" }));
            }
            Event::Granted { user_id } => {
                *self.0.user_id.lock().unwrap_or_else(PoisonError::into_inner) = user_id.map(str::to_owned);
            }
            Event::NotListening(error) => {
                self.note(&format!("The browser's callback cannot be received: {error}."));
            }
            Event::Url(url) => {
                if let Some(note) = &self.0.page_note {
                    self.note(note);
                }
                self.0.output.event(&json!({ "authorize_url": url.as_str() }));
            }
            Event::NotOpened(error) => self.interrupt(&format!("No browser was opened: {error}.")),
            Event::StoppedAsking { problem } => {
                self.note(problem);
                self.busy("Waiting for the browser");
            }
            Event::RejectedRequest(_) => self.report_rejected_request(),
            Event::Exchanging => {
                self.0.reports_rejected_requests.store(false, Ordering::Relaxed);
                self.busy("Exchanging the code for a key");
            }
            Event::Retrying(wait) => {
                self.busy(&format!(
                    "OpenRouter is busy or unreachable; retrying in {} s",
                    wait.as_secs().max(1)
                ));
            }
            _ => {}
        }
    }

    /// Reports only the first such request, because a port scanner would fill the screen.
    fn report_rejected_request(&self) {
        if self.0.reports_rejected_requests.swap(false, Ordering::Relaxed) {
            self.interrupt("Received a request that is not this sign-in's callback. Still waiting.");
        }
    }

    fn spinner(&self) -> MutexGuard<'_, Option<Spinner>> {
        self.0.spinner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_at_terminal(&self, problem: Option<&str>) -> Result<Pasted, PromptError> {
        let pasted = TerminalPrompt::new().ask(problem).await;
        match pasted {
            Err(PromptError::Unavailable) if !self.is_headless() => {
                self.busy("Waiting for the browser");
                pasted
            }
            // If standard input is a terminal, it is the one that was unavailable.
            Err(PromptError::Unavailable) if !io::stdin().is_terminal() => ask_standard_input(problem).await,
            _ => pasted,
        }
    }

    async fn ask_program(&self, problem: Option<&str>) -> Result<Pasted, PromptError> {
        // If the page shows no code, standard input is not meant for this prompt.
        if !self.is_headless() {
            return Err(PromptError::Unavailable);
        }
        if let Some(problem) = problem {
            self.0.output.event(&json!({ "problem": problem }));
        }
        ask_standard_input(None).await
    }

    fn is_headless(&self) -> bool {
        self.0.is_headless.load(Ordering::Relaxed)
    }
}

impl Prompt for Screen {
    fn show(&self, instructions: &SignInInstructions<'_>) {
        // Its next frame would overwrite a line of the instructions.
        self.clear();
        self.0.is_headless.store(instructions.is_headless, Ordering::Relaxed);
        if !self.0.output.is_json() {
            TerminalPrompt::new().show(instructions);
        }
    }

    fn ask<'a>(&'a self, problem: Option<&'a str>) -> PromptFuture<'a> {
        self.clear();
        Box::pin(async move {
            if self.0.output.is_json() {
                self.ask_program(problem).await
            } else {
                self.ask_at_terminal(problem).await
            }
        })
    }
}

/// Reads a line of standard input. Its end means that there is no user to prompt, not that the user ended the login.
async fn ask_standard_input(problem: Option<&str>) -> Result<Pasted, PromptError> {
    match TerminalPrompt::stdin().ask(problem).await {
        Err(PromptError::Closed) => Err(PromptError::Unavailable),
        pasted => pasted,
    }
}
