//! Runs a login: everything that can happen is waited for here, and [`Flow`] says what is to be done about it.

use std::{
    convert::Infallible,
    env,
    ffi::OsStr,
    future::{self, Future},
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use openrouter_oauth::{
    ApiKeyGrant, AuthorizationCode, AuthorizeUrl, CallbackError, Client, Error as SdkError, KeyLabel,
    Pending,
    models::InvalidValue,
    transport::{SleepFuture, Timer},
};
use tokio::{signal, task::JoinSet};

use crate::{
    Account, BrowserError, Cancel, Error, Event, Invitation, KeyStore, Listener, ListenerError, Login, Page,
    Prompt, PromptError, SignedIn, StoreError, Surroundings, Visit, default_key_label,
    flow::{End, Flow, Happened, Step, Way},
    login::Tell,
};

/// What an exchange that runs is given after the login was cancelled.
const GRACE: Duration = Duration::from_secs(2);

/// The pause before a code that was not processed is tried again, if the service does not say how long.
const PAUSE: Duration = Duration::from_secs(2);

/// A store that takes longer is given up: the caller has the key.
const STORE_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) async fn run(login: Login) -> Result<SignedIn, Error> {
    let ctrl_c = login.cancels_on_ctrl_c.then(|| watch_ctrl_c(login.cancel.clone()));
    let mut run = Run::begin(login).await?;
    let end = run.drive().await;
    let signed_in = run.finish(end).await;
    drop(ctrl_c);
    signed_in
}

/// Cancels on each Ctrl-C, until it is dropped.
fn watch_ctrl_c(cancel: Cancel) -> JoinSet<()> {
    let mut watching = JoinSet::new();
    watching.spawn(async move {
        // Where it cannot be watched, it ends the process, as it always does.
        while signal::ctrl_c().await.is_ok() {
            cancel.cancel();
        }
    });
    watching
}

/// A login that runs.
struct Run {
    client: Client,
    prompt: Option<Arc<dyn Prompt>>,
    store: Option<(Arc<dyn KeyStore>, Account)>,
    tell: Tell,
    cancel: Cancel,
    clock: Clock,
    listener: Option<Listener>,
    /// Why there is none.
    not_listening: Option<ListenerError>,
    pending: Pending,
    /// The browser that is being opened.
    opening: JoinSet<Result<(), BrowserError>>,
    flow: Flow,
    /// What came so far.
    came: Came,
}

/// When the login ends at the latest.
struct Clock {
    timer: Arc<dyn Timer>,
    begun: Instant,
    timeout: Duration,
}

/// What came so far.
#[derive(Default)]
struct Came {
    code: Option<AuthorizationCode>,
    /// The browser that waits to be told.
    visit: Option<Visit>,
    /// What stood in place of a code.
    said: Option<CallbackError>,
    /// What is wrong with what was pasted, in words for the person.
    problem: Option<String>,
    exchanged: Option<Result<ApiKeyGrant, SdkError>>,
}

impl Run {
    /// Listens, begins the sign-in, and shows where to go.
    async fn begin(login: Login) -> Result<Self, Error> {
        if let Some(invalid) = login.invalid {
            return Err(invalid.into());
        }
        let timer =
            login.timer.ok_or(InvalidValue::new("timer", "is missing: set one, to hold the time limit"))?;
        let clock = Clock { begun: timer.now(), timer, timeout: login.timeout };
        if let Some((store, account)) = &login.store {
            clock.store(store.load(account)).await.map_err(Error::Storage)?;
        }

        let (listener, not_listening) = listen(login.headless, login.port, &login.tell).await?;
        let mut authorize = match &listener {
            Some(listener) => login.client.authorize(listener.callback_url()),
            None => login.client.authorize_headless(),
        };
        let key_label = login.key_label.map_or_else(label_of_this_program, Ok)?;
        authorize = authorize.key_label(key_label.clone());
        if let Some(limit) = login.limit {
            authorize = authorize.limit(limit);
        }
        if let Some(workspace) = login.workspace_id {
            authorize = authorize.workspace_id(workspace);
        }
        if let Some(workspace) = login.required_workspace_id {
            authorize = authorize.required_workspace_id(workspace);
        }
        let (url, pending) = authorize.begin()?;

        let flow = Flow::new(listener.is_some(), login.prompt.is_some());
        if !flow.has_way() {
            return Err(Error::NoWay(not_listening));
        }
        let mut run = Self {
            client: login.client,
            prompt: login.prompt,
            store: login.store,
            tell: login.tell,
            cancel: login.cancel,
            clock,
            listener,
            not_listening,
            pending,
            opening: JoinSet::new(),
            flow,
            came: Came::default(),
        };
        run.invite(&url, &key_label);
        // A page that shows a code is opened where the person is, not here.
        if let (Some(browser), Some(_)) = (login.browser, &run.listener) {
            run.opening.spawn(async move { browser.open(&url).await });
        }
        Ok(run)
    }

    fn invite(&self, url: &AuthorizeUrl, key_label: &KeyLabel) {
        (self.tell)(&Event::Url(url));
        if let Some(prompt) = &self.prompt {
            prompt.show(&Invitation { url, key_label, is_headless: self.listener.is_none() });
        }
        (self.tell)(&Event::Waiting);
    }

    async fn drive(&mut self) -> End {
        let mut step = Step::AskAgain;
        loop {
            step = match step {
                Step::GoOn | Step::AskAgain => self.wait(true).await,
                Step::AskNoMore => self.wait(false).await,
                Step::Exchange | Step::HurryUp => self.exchange().await,
                Step::Pause => self.pause().await,
                Step::End(end) => return end,
            };
        }
    }

    /// Waits for a code, asking for one if `asks`.
    async fn wait(&mut self, asks: bool) -> Step {
        let Self { prompt, listener, pending, opening, flow, came, cancel, clock, tell, .. } = self;
        let problem = came.problem.take();
        let asking = async {
            match prompt {
                Some(prompt) if asks => prompt.ask(problem.as_deref()).await,
                _ => future::pending().await,
            }
        };
        let (mut asking, mut time_up) = (pin!(asking), clock.time_up());
        loop {
            let happened = tokio::select! {
                biased;
                () = cancel.times(1) => Happened::Cancelled,
                () = &mut time_up => Happened::TimeUp,
                visit = callback(listener, pending) => came.visit(visit),
                pasted = &mut asking => match pasted {
                    Ok(pasted) => came.pasted(pending.read_pasted(pasted.expose())),
                    Err(PromptError::Closed) => Happened::Cancelled,
                    Err(PromptError::TooLong) => came.pasted(Err(CallbackError::Malformed)),
                    Err(_) => Happened::NobodyAsked,
                },
                Some(opened) = opening.join_next() => {
                    match opened {
                        Ok(Ok(())) => tell(&Event::Opened),
                        Ok(Err(error)) => tell(&Event::NotOpened(&error)),
                        // It panicked; the URL is on the screen.
                        Err(_) => {}
                    }
                    continue;
                }
            };
            match flow.on(happened) {
                Step::GoOn => {}
                step => return step,
            }
        }
    }

    /// Exchanges the code that came, and turns away whoever else comes meanwhile.
    async fn exchange(&mut self) -> Step {
        let Self { client, listener, pending, flow, came, cancel, clock, tell, .. } = self;
        let Some(code) = &came.code else { return flow.on(Happened::Failed) };
        tell(&Event::Exchanging);
        let mut exchange = pin!(pending.exchange(client, code));
        let (mut time_up, mut is_time_up) = (clock.time_up(), false);
        let (mut cancelled, mut grace) = (0, None);
        loop {
            let happened = tokio::select! {
                biased;
                result = &mut exchange => {
                    let happened = outcome(&result);
                    came.exchanged = Some(result);
                    happened
                }
                () = cancel.times(cancelled + 1) => {
                    cancelled += 1;
                    Happened::Cancelled
                }
                () = &mut time_up, if !is_time_up => {
                    is_time_up = true;
                    Happened::TimeUp
                }
                () = over(&mut grace) => Happened::GraceOver,
                never = refuse_others(listener) => match never {},
            };
            match flow.on(happened) {
                Step::GoOn => {}
                Step::HurryUp => grace = Some(clock.timer.sleep(GRACE)),
                step => return step,
            }
        }
    }

    /// Waits before the code is tried again.
    async fn pause(&mut self) -> Step {
        let Self { listener, flow, came, cancel, clock, tell, .. } = self;
        let wait = came.retry_after().unwrap_or(PAUSE);
        tell(&Event::Retrying(wait));
        let (mut over, mut time_up) = (clock.timer.sleep(wait), clock.time_up());
        let happened = tokio::select! {
            biased;
            () = cancel.times(1) => Happened::Cancelled,
            () = &mut time_up => Happened::TimeUp,
            () = &mut over => Happened::Paused,
            never = refuse_others(listener) => match never {},
        };
        flow.on(happened)
    }

    /// Stores the key, tells the browser, and says what came of it all.
    async fn finish(mut self, end: End) -> Result<SignedIn, Error> {
        let visit = self.came.visit.take();
        if visit.is_none() {
            // The port is free at once.
            self.listener = None;
        }
        let result = self.conclude(end).await;
        if let Some(visit) = visit {
            visit.answer(page(&result)).await;
        }
        result
    }

    async fn conclude(&mut self, end: End) -> Result<SignedIn, Error> {
        let exchanging = !self.pending.is_fresh();
        let said = self.came.said.take().unwrap_or(CallbackError::MissingCode);
        match (end, self.came.exchanged.take()) {
            (End::Granted | End::Failed, Some(Ok(grant))) => Ok(self.keep(grant).await),
            (End::Failed, Some(Err(error))) => Err(error.into()),
            (End::Declined, _) => Err(match said {
                CallbackError::Denied { description } => Error::Denied { description },
                said => Error::Failed(said),
            }),
            (End::Cancelled, _) => Err(Error::Cancelled { exchanging }),
            (End::TimedOut, _) => Err(Error::TimedOut { after: self.clock.timeout, exchanging }),
            (End::NoWay, _) => Err(Error::NoWay(self.not_listening.take())),
            (End::NoCode | End::Granted | End::Failed, _) => Err(Error::NoCode(said)),
        }
    }

    async fn keep(&self, grant: ApiKeyGrant) -> SignedIn {
        (self.tell)(&Event::Granted);
        let mut not_stored = None;
        if let Some((store, account)) = &self.store {
            match self.clock.store(store.save(account, &grant.key)).await {
                Ok(()) => (self.tell)(&Event::Stored),
                Err(error) => {
                    (self.tell)(&Event::NotStored(&error));
                    not_stored = Some(error);
                }
            }
        }
        SignedIn { key: grant.key, user_id: grant.user_id, not_stored }
    }
}

/// Names the key after the file that runs.
fn label_of_this_program() -> Result<KeyLabel, InvalidValue> {
    let file = env::current_exe().unwrap_or_default();
    let program = file.file_stem().unwrap_or(OsStr::new("a program")).to_string_lossy();
    default_key_label(&program)
}

/// A listener, unless no browser can reach it; or why there is none.
async fn listen(
    headless: Option<bool>,
    port: u16,
    tell: &Tell,
) -> Result<(Option<Listener>, Option<ListenerError>), Error> {
    if headless.unwrap_or_else(|| Surroundings::detect().is_headless()) {
        return Ok((None, None));
    }
    match Listener::bind(port).await {
        Ok(mut listener) => {
            tell(&Event::Listening { port: listener.port() });
            let tell = Arc::clone(tell);
            listener.on_stray(move |stray| tell(&Event::Stray(stray)));
            Ok((Some(listener), None))
        }
        // Whoever names a port relies on it.
        Err(error) if port != 0 => Err(Error::Listener(error)),
        Err(error) => {
            tell(&Event::NotListening(&error));
            Ok((None, Some(error)))
        }
    }
}

async fn callback(listener: &mut Option<Listener>, pending: &Pending) -> Visit {
    match listener {
        Some(listener) => listener.callback(pending).await,
        None => future::pending().await,
    }
}

async fn refuse_others(listener: &mut Option<Listener>) -> Infallible {
    match listener {
        Some(listener) => listener.refuse_others().await,
        None => future::pending().await,
    }
}

/// Done when the sleep is; never without one.
async fn over(sleep: &mut Option<SleepFuture>) {
    match sleep {
        Some(sleep) => sleep.await,
        None => future::pending().await,
    }
}

fn outcome(result: &Result<ApiKeyGrant, SdkError>) -> Happened {
    match result {
        Ok(_) => Happened::Granted,
        Err(error) if error.is_refused_code() => Happened::Refused,
        Err(error) if error.is_retryable() && !error.is_outcome_unknown() => Happened::TryLater,
        Err(_) => Happened::Failed,
    }
}

/// The truth, for the browser (L-19).
fn page(result: &Result<SignedIn, Error>) -> Page {
    match result {
        Ok(SignedIn { not_stored: None, .. }) => Page::SignedIn,
        Ok(_) => Page::NotStored,
        Err(Error::Denied { .. }) => Page::Denied,
        Err(Error::Cancelled { exchanging: true } | Error::TimedOut { exchanging: true, .. }) => {
            Page::OutcomeUnknown
        }
        Err(Error::Sdk(error)) if error.is_outcome_unknown() => Page::OutcomeUnknown,
        Err(_) => Page::Failed,
    }
}

impl Came {
    fn visit(&mut self, visit: Visit) -> Happened {
        let happened = match visit.code() {
            Ok(code) => {
                self.code = Some(code.clone());
                Happened::Code(Way::Callback)
            }
            Err(said) => {
                self.said = Some(said.clone());
                Happened::Declined
            }
        };
        self.visit = Some(visit);
        happened
    }

    fn pasted(&mut self, code: Result<AuthorizationCode, CallbackError>) -> Happened {
        match code {
            Ok(code) => {
                self.code = Some(code);
                self.problem = Some("OpenRouter refused this code".to_owned());
                Happened::Code(Way::Paste)
            }
            Err(said) => {
                let is_over = matches!(said, CallbackError::Denied { .. } | CallbackError::Failed { .. });
                self.problem = Some(said.to_string());
                self.said = Some(said);
                if is_over { Happened::Declined } else { Happened::Misread }
            }
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match &self.exchanged {
            Some(Err(
                SdkError::RateLimited { retry_after, .. } | SdkError::ServiceUnavailable { retry_after, .. },
            )) => *retry_after,
            _ => None,
        }
    }
}

impl Clock {
    /// Done when the time of the login is over.
    fn time_up(&self) -> SleepFuture {
        let passed = self.timer.now().saturating_duration_since(self.begun);
        self.timer.sleep(self.timeout.saturating_sub(passed))
    }

    /// What a store says, or that it took too long.
    async fn store<T>(&self, asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::select! {
            biased;
            said = asked => said,
            () = self.timer.sleep(STORE_TIMEOUT) => {
                Err(StoreError::Timeout { store: "store", after: STORE_TIMEOUT })
            }
        }
    }
}
