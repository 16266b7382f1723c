//! Runs a login. It waits for events, and [`Flow`] decides which code wins and when the login is over.

mod clock;
mod ctrl_c;
mod events;
mod key_proposal;
mod stored_key;

use std::{convert::Infallible, future, pin::pin, sync::Arc, time::Duration};

use openrouter_oauth::{
    AnySignIn, ApiKey, ApiKeyGrant, AuthorizationCode, AuthorizeUrl, Client, KeyLabel, KeyLinks,
};
use tokio::task::JoinSet;

use self::{
    clock::{Clock, over, start_clock},
    key_proposal::KeyProposal,
};
use crate::{
    Account, BrowserError, CallbackRequest, Cancel, Ensured, Error, Event, KeyStore, Listener, ListenerError,
    OutcomeUnknownReason, Prompt, ResultPage, SignInInstructions, SignedIn,
    flow::{EndReason, Flow, FlowEnd, FlowEvent, NextStep, PasteProblem, Turn},
    headless::Headless,
    key_label,
    login::options::{EventSink, Options},
};

/// Signs in.
pub(crate) async fn run(options: Options) -> Result<SignedIn, Error> {
    let _ctrl_c = ctrl_c::watch(&options)?;
    sign_in(options).await
}

/// Signs in, unless the store has a key that OpenRouter accepts or cannot be asked about.
pub(crate) async fn ensure(options: Options) -> Result<Ensured, Error> {
    let _ctrl_c = ctrl_c::watch(&options)?;
    let cancel = options.cancel.clone();
    let outcome = tokio::select! {
        biased;
        () = cancel.times(1) => return Err(Error::Cancelled),
        outcome = stored_key::find(&options) => outcome?,
    };
    match outcome {
        stored_key::Outcome::Use(stored) => Ok(stored),
        stored_key::Outcome::SignIn(_lock) => sign_in(options).await.map(Ensured::SignedIn),
    }
}

async fn sign_in(options: Options) -> Result<SignedIn, Error> {
    let cancel = options.cancel.clone();
    let mut session = tokio::select! {
        biased;
        () = cancel.times(1) => return Err(Error::Cancelled),
        begun = Session::begin(options) => begun?,
    };
    let end = session.drive().await;
    session.finish(end).await
}

/// The extra time of a running exchange after the login was cancelled.
const GRACE_AFTER_CANCEL: Duration = Duration::from_secs(2);

/// The extra time of a running exchange after the login timed out. It is longer, because the user has not asked to
/// stop. Most clients end the exchange earlier.
const GRACE_AFTER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a late browser still gets a response.
const LATE_BROWSER_TIME: Duration = Duration::from_millis(100);

/// A running login.
struct Session {
    client: Client,
    prompt: Option<Arc<dyn Prompt>>,
    store: Option<(Arc<dyn KeyStore>, Account)>,
    /// The key that the store had before.
    previous: Option<ApiKey>,
    events: EventSink,
    cancel: Cancel,
    clock: Clock,
    listener: Option<Listener>,
    /// Why there is no listener.
    not_listening: Option<ListenerError>,
    pending: AnySignIn,
    key_label: KeyLabel,
    /// The browser that is being opened.
    opening: JoinSet<Result<(), BrowserError>>,
    flow: Flow<AuthorizationCode>,
    /// The rejection of the last pasted code that OpenRouter rejected, or else the problem with the last pasted text.
    problem: Option<PasteProblem>,
    /// The browser that sent the callback and waits for its page.
    callback: Option<CallbackRequest>,
}

type NextTurn = Turn<AuthorizationCode>;

impl Session {
    /// Starts the listener and the sign-in, and shows the instructions.
    async fn begin(options: Options) -> Result<Self, Error> {
        let clock = start_clock(&options)?;
        let store = options.store.map(|store| (store, options.account));
        let mut previous = None;
        if let Some((store, account)) = &store {
            clock.run_store(|| store.check(account)).await.map_err(Error::Store)?;
            previous = clock.run_store(|| store.load(account)).await.map_err(Error::Store)?;
        }

        let (listener, not_listening) = listen(options.headless, options.port, &options.events).await?;
        let key_label = options.key_label.map_or_else(key_label::of_this_program, Ok)?;
        let proposal = KeyProposal {
            label: key_label.clone(),
            limit: options.limit,
            workspace_id: options.workspace_id,
            required_workspace_id: options.required_workspace_id,
        };
        let (url, pending) = if let Some(listener) = &listener {
            let authorize = proposal.write(options.client.authorize(listener.callback_url()));
            authorize.begin().map(|(url, pending)| (url, AnySignIn::from(pending)))?
        } else {
            let authorize = proposal.write(options.client.authorize_headless());
            authorize.begin().map(|(url, pending)| (url, AnySignIn::from(pending)))?
        };

        let flow = Flow::new(listener.is_some(), options.prompt.is_some());
        if !flow.has_input() {
            return Err(Error::NoInput(not_listening));
        }
        let mut session = Self {
            client: options.client,
            prompt: options.prompt,
            store,
            previous,
            events: options.events,
            cancel: options.cancel,
            clock,
            listener,
            not_listening,
            pending,
            key_label,
            opening: JoinSet::new(),
            flow,
            problem: None,
            callback: None,
        };
        session.show(&url);
        // The user opens a page with a code on their own machine, not on this one.
        if let (Some(browser), Some(_)) = (options.browser, &session.listener) {
            session.opening.spawn(async move { browser.open(&url).await });
        }
        Ok(session)
    }

    fn show(&self, url: &AuthorizeUrl) {
        (self.events)(&Event::Url(url));
        if let Some(prompt) = &self.prompt {
            let is_headless = self.listener.is_none();
            prompt.show(&SignInInstructions { url, key_label: &self.key_label, is_headless });
        }
        (self.events)(&Event::Waiting);
    }

    async fn drive(&mut self) -> FlowEnd {
        let mut turn = self.wait(PromptMode::First).await;
        loop {
            turn = match turn {
                Turn::AskAgain(problem) => {
                    let text = self.remember(problem);
                    self.wait(PromptMode::Again(text)).await
                }
                Turn::StopAsking(problem) => {
                    if let Some(problem) = problem {
                        let text = self.remember(problem);
                        (self.events)(&Event::StoppedAsking { problem: &text });
                    }
                    self.wait(PromptMode::Off).await
                }
                Turn::Exchange(code) => self.exchange(&code).await,
                Turn::Pause(wait) => self.pause(wait).await,
                Turn::End(end) => return end,
            };
        }
    }

    /// Remembers the problem with the last pasted code, in case no better one follows. Returns its text. Text that is
    /// not a code does not replace a rejection.
    fn remember(&mut self, problem: PasteProblem) -> String {
        let text = problem.to_string();
        if matches!(problem, PasteProblem::Rejected(_))
            || !matches!(self.problem, Some(PasteProblem::Rejected(_)))
        {
            self.problem = Some(problem);
        }
        text
    }

    /// Waits for a code.
    async fn wait(&mut self, mode: PromptMode) -> NextTurn {
        let Self { prompt, listener, pending, opening, flow, callback, cancel, clock, events, .. } = self;
        let problem = match &mode {
            PromptMode::Again(problem) => Some(problem.as_str()),
            PromptMode::First | PromptMode::Off => None,
        };
        let asking = async {
            match prompt {
                Some(prompt) if !matches!(mode, PromptMode::Off) => prompt.ask(problem).await,
                _ => future::pending().await,
            }
        };
        let (mut asking, mut deadline) = (pin!(asking), clock.deadline());
        loop {
            let event = tokio::select! {
                biased;
                () = cancel.times(1) => FlowEvent::Cancelled,
                () = &mut deadline => FlowEvent::TimedOut,
                request = next_callback(listener, pending) => events::callback_event(callback.insert(request)),
                pasted = &mut asking => events::prompt_event(pasted, pending),
                Some(opened) = opening.join_next() => {
                    match opened {
                        Ok(Ok(())) => events(&Event::Opened),
                        Ok(Err(error)) => events(&Event::NotOpened(&error)),
                        // `Browser::open` panicked. The user still sees the URL.
                        Err(_) => {}
                    }
                    continue;
                }
            };
            match flow.handle(event) {
                NextStep::Turn(turn) => return turn,
                NextStep::Continue | NextStep::LimitExchange(_) => {}
            }
        }
    }

    /// Exchanges a code.
    async fn exchange(&mut self, code: &AuthorizationCode) -> NextTurn {
        let Self { client, listener, pending, flow, callback, cancel, clock, events, .. } = self;
        // A browser that arrives while a pasted code is exchanged gets no response yet, because that code may be wrong.
        let mut others = listener.as_mut().filter(|_| callback.is_some());
        events(&Event::Exchanging);
        let mut exchange = pin!(pending.exchange(client, code));
        let (mut deadline, mut has_timed_out) = (clock.deadline(), false);
        let (mut cancelled, mut grace) = (0, None);
        loop {
            let event = tokio::select! {
                biased;
                result = &mut exchange => events::exchange_event(result, clock.left()),
                () = cancel.times(cancelled + 1) => {
                    cancelled += 1;
                    FlowEvent::Cancelled
                }
                () = &mut deadline, if !has_timed_out => {
                    has_timed_out = true;
                    FlowEvent::TimedOut
                }
                () = over(&mut grace) => FlowEvent::GraceOver,
                never = reject(&mut others) => match never {},
            };
            match flow.handle(event) {
                NextStep::Continue => {}
                NextStep::LimitExchange(reason) => {
                    grace = Some(clock.sleep(match reason {
                        EndReason::Cancelled => GRACE_AFTER_CANCEL,
                        EndReason::TimedOut => GRACE_AFTER_TIMEOUT,
                    }));
                }
                NextStep::Turn(turn) => return turn,
            }
        }
    }

    /// Waits before the next attempt to exchange the code.
    async fn pause(&mut self, wait: Duration) -> NextTurn {
        let Self { listener, flow, callback, cancel, clock, events, .. } = self;
        let mut others = listener.as_mut().filter(|_| callback.is_some());
        events(&Event::Retrying(wait));
        let (mut over, mut deadline) = (clock.sleep(wait), clock.deadline());
        loop {
            let event = tokio::select! {
                biased;
                () = cancel.times(1) => FlowEvent::Cancelled,
                () = &mut deadline => FlowEvent::TimedOut,
                () = &mut over => FlowEvent::Paused,
                never = reject(&mut others) => match never {},
            };
            if let NextStep::Turn(turn) = flow.handle(event) {
                return turn;
            }
        }
    }

    /// Stores the key, shows the result in the browser, and returns the result.
    async fn finish(mut self, end: FlowEnd) -> Result<SignedIn, Error> {
        let callback = self.callback.take();
        let is_granted = matches!(end, FlowEnd::Granted(_));
        let listener = self.listener.take().filter(|_| callback.is_none() && is_granted);
        let result = self.conclude(end).await;
        // If the user cancels now, do not wait for the browser.
        let cancelled = self.cancel.count();
        let responding = async {
            match callback {
                Some(callback) => callback.respond(page(&result)).await,
                None => reject_late_browsers(listener, &self.clock).await,
            }
        };
        tokio::select! {
            () = responding => {}
            () = self.cancel.times(cancelled + 1) => {}
        }
        result
    }

    async fn conclude(&mut self, end: FlowEnd) -> Result<SignedIn, Error> {
        Err(match end {
            FlowEnd::Granted(grant) => return Ok(self.keep(grant).await),
            FlowEnd::Failed(error) => error.into(),
            FlowEnd::ExchangeAbandoned(EndReason::Cancelled) => {
                self.outcome_unknown(OutcomeUnknownReason::Cancelled)
            }
            FlowEnd::ExchangeAbandoned(EndReason::TimedOut) => {
                self.outcome_unknown(OutcomeUnknownReason::TimedOut)
            }
            FlowEnd::Cancelled => Error::Cancelled,
            FlowEnd::TimedOut(error) => {
                let source = error.or_else(|| match self.problem.take() {
                    Some(PasteProblem::Rejected(error)) => Some(error),
                    Some(PasteProblem::NotACode(_)) | None => None,
                });
                Error::TimedOut { after: self.clock.timeout(), source }
            }
            FlowEnd::Denied { description } => Error::Denied { description },
            FlowEnd::AuthorizationFailed(error) => Error::Failed(error),
            FlowEnd::NotACode(error) => {
                self.remember(PasteProblem::NotACode(error));
                self.problem_or(Error::Cancelled)
            }
            // What the user pasted before explains more than the end of the input.
            FlowEnd::InputEnded => self.problem_or(Error::Cancelled),
            FlowEnd::NoInput => {
                let no_input = Error::NoInput(self.not_listening.take());
                self.problem_or(no_input)
            }
        })
    }

    /// Returns the error of the pasted codes, or `otherwise` if nothing was pasted.
    fn problem_or(&mut self, otherwise: Error) -> Error {
        match self.problem.take() {
            Some(PasteProblem::Rejected(error)) => error.into(),
            Some(PasteProblem::NotACode(error)) => Error::NoCode(error),
            None => otherwise,
        }
    }

    fn outcome_unknown(&self, reason: OutcomeUnknownReason) -> Error {
        Error::OutcomeUnknown { reason, key_label: self.key_label.clone() }
    }

    async fn keep(&self, grant: ApiKeyGrant) -> SignedIn {
        (self.events)(&Event::Granted { user_id: grant.user_id.as_deref() });
        let stored = match &self.store {
            Some((store, account)) => Some(self.clock.run_store(|| store.save(account, &grant.key)).await),
            None => None,
        };
        match &stored {
            Some(Ok(())) => (self.events)(&Event::Stored),
            Some(Err(error)) => (self.events)(&Event::NotStored(error)),
            None => {}
        }
        let previous = self.previous.as_ref().filter(|previous| **previous != grant.key);
        let replaced = previous.filter(|_| matches!(stored, Some(Ok(())))).map(KeyLinks::new);
        SignedIn {
            key: grant.key,
            user_id: grant.user_id,
            not_stored: stored.and_then(Result::err),
            replaced,
        }
    }
}

/// Whether the prompt asks for a code.
enum PromptMode {
    First,
    /// After this problem.
    Again(String),
    Off,
}

/// Starts a listener, unless no browser can reach it. Returns the listener, or the error if it failed.
async fn listen(
    headless: Option<bool>,
    port: u16,
    events: &EventSink,
) -> Result<(Option<Listener>, Option<ListenerError>), Error> {
    if headless.unwrap_or_else(|| Headless::detect().is_some()) {
        return Ok((None, None));
    }
    match Listener::bind(port).await {
        Ok(mut listener) => {
            events(&Event::Listening { port: listener.port() });
            let events = Arc::clone(events);
            listener.on_rejected_request(move |request| events(&Event::RejectedRequest(request)));
            Ok((Some(listener), None))
        }
        // A program that sets a port relies on it.
        Err(error) if port != 0 => Err(Error::Listener(error)),
        Err(error) => {
            events(&Event::NotListening(&error));
            Ok((None, Some(error)))
        }
    }
}

async fn next_callback(listener: &mut Option<Listener>, pending: &AnySignIn) -> CallbackRequest {
    match (listener, pending) {
        (Some(listener), AnySignIn::Callback(pending)) => listener.callback(pending).await,
        _ => future::pending().await,
    }
}

/// Rejects every request.
async fn reject(others: &mut Option<&mut Listener>) -> Infallible {
    match others {
        Some(listener) => listener.reject_others().await,
        None => future::pending().await,
    }
}

/// After a pasted code has won, shows a late browser that its callback was already used.
async fn reject_late_browsers(listener: Option<Listener>, clock: &Clock) {
    if let Some(mut listener) = listener {
        tokio::select! {
            never = listener.reject_others() => match never {},
            () = clock.sleep(LATE_BROWSER_TIME) => {}
        }
    }
}

/// Returns the page for the browser.
fn page(result: &Result<SignedIn, Error>) -> ResultPage {
    match result {
        Ok(SignedIn { not_stored: None, .. }) => ResultPage::SignedIn,
        Ok(_) => ResultPage::NotStored,
        Err(Error::Denied { .. }) => ResultPage::Denied,
        Err(error) if error.is_outcome_unknown() => ResultPage::OutcomeUnknown,
        Err(_) => ResultPage::Failed,
    }
}
