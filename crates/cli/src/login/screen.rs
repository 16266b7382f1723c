//! What the person sees of a login.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use openrouter_oauth_login::{Event, Invitation, Login, Prompt, PromptError, PromptFuture, TerminalPrompt};
use serde_json::json;

use crate::{output::Output, spinner::Spinner};

/// The screen of a login: the prompt on the terminal, and lines and a spinner on standard error. They take turns.
#[derive(Clone, Debug)]
pub(super) struct Screen(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    output: Output,
    prompt: TerminalPrompt,
    spinner: Mutex<Option<Spinner>>,
    has_strayed: AtomicBool,
}

impl Screen {
    pub(super) fn new(output: Output) -> Self {
        let prompt = TerminalPrompt::new();
        Self(Arc::new(Parts {
            output,
            prompt,
            spinner: Mutex::default(),
            has_strayed: AtomicBool::new(false),
        }))
    }

    /// Shows this login.
    pub(super) fn attach(&self, login: Login) -> Login {
        let screen = self.clone();
        login.prompt(self.clone()).on_event(move |event| screen.tell(event))
    }

    /// Says a line.
    pub(super) fn note(&self, words: &str) {
        let mut spinner = self.spinner();
        *spinner = None;
        self.0.output.note(words);
    }

    /// Says what is being done, until something else is.
    fn busy(&self, words: &str) {
        let mut spinner = self.spinner();
        *spinner = None;
        *spinner = self.0.output.spinner(words);
    }

    /// Says nothing more.
    pub(super) fn end(&self) {
        *self.spinner() = None;
    }

    fn tell(&self, event: &Event<'_>) {
        match event {
            Event::Listening { port } => {
                self.note(&format!("Listening on 127.0.0.1 port {port} for the browser."));
            }
            Event::NotListening(error) => {
                self.note(&format!("{error}, so the page will show a code to paste."));
            }
            Event::Url(url) => self.0.output.event(&json!({ "authorize_url": url.as_str() })),
            Event::NotOpened(error) => self.note(&format!("{error}.")),
            Event::Stray(_) => self.stray(),
            Event::Exchanging => self.busy("Exchanging the code for a key"),
            Event::Retrying(wait) => {
                self.busy(&format!("OpenRouter is busy; trying again in {} s", wait.as_secs().max(1)));
            }
            _ => {}
        }
    }

    /// Once: a scanner would fill the screen.
    fn stray(&self) {
        if !self.0.has_strayed.swap(true, Ordering::Relaxed) {
            self.note("Something else than the browser of this login called; still waiting.");
        }
    }

    fn spinner(&self) -> MutexGuard<'_, Option<Spinner>> {
        self.0.spinner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Prompt for Screen {
    fn show(&self, invitation: &Invitation<'_>) {
        self.0.prompt.show(invitation);
    }

    fn ask<'a>(&'a self, problem: Option<&'a str>) -> PromptFuture<'a> {
        self.end();
        Box::pin(async move {
            let pasted = self.0.prompt.ask(problem).await;
            if let Err(PromptError::Unavailable) = pasted {
                self.busy("Waiting for the browser");
            }
            pasted
        })
    }
}
