//! Runs a login: everything that can happen is waited for here, and [`Flow`] says who wins and when it is over.

mod came;
mod clock;

use std::{convert::Infallible, future, pin::pin, sync::Arc, time::Duration};

use openrouter_oauth::{
    AnySignIn, ApiKeyGrant, Authorize, AuthorizeUrl, CallbackError, Client, CreditLimit, KeyLabel,
    WorkspaceId, models::InvalidValue, transport::SleepFuture,
};
use tokio::{runtime::Handle, signal, task::JoinSet};

use self::{came::Came, clock::Clock};
use crate::{
    Account, BrowserError, CallbackRequest, Cancel, Error, Event, Interrupted, Invitation, KeyStore,
    Listener, ListenerError, Login, Page, Prompt, PromptError, SignedIn, Surroundings,
    flow::{End, Flow, Happened, Step},
    key_label,
    login::Tell,
};

/// What an exchange that runs is given after the login was cancelled.
const GRACE_AFTER_CANCEL: Duration = Duration::from_secs(2);

/// What it is given when the time of the login is over: nobody is impatient then, and most clients end it by themselves.
const GRACE_AFTER_TIMEOUT: Duration = Duration::from_secs(30);

/// For how long a browser that came too late is told so.
const LAST_ANSWERS: Duration = Duration::from_millis(100);

pub(crate) async fn run(login: Login) -> Result<SignedIn, Error> {
    Handle::try_current().map_err(|error| Error::NoRuntime(error.into()))?;
    let ctrl_c = login.cancels_on_ctrl_c.then(|| watch_ctrl_c(login.cancel.clone()));
    let cancel = login.cancel.clone();
    let mut run = tokio::select! {
        biased;
        () = cancel.times(1) => return Err(Error::Cancelled),
        begun = Run::begin(login) => begun?,
    };
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
    pending: AnySignIn,
    key_label: KeyLabel,
    /// The browser that is being opened.
    opening: JoinSet<Result<(), BrowserError>>,
    flow: Flow,
    came: Came,
}

impl Run {
    /// Listens, begins the sign-in, and shows where to go.
    async fn begin(login: Login) -> Result<Self, Error> {
        if let Some(invalid) = login.invalid {
            return Err(invalid.into());
        }
        let timer =
            login.timer.ok_or(InvalidValue::new("timer", "is missing: set one, to hold the time limit"))?;
        let clock = Clock::start(timer, login.timeout);
        let store = login.store.map(|store| (store, login.account));
        if let Some((store, account)) = &store {
            clock.store(store.load(account)).await.map_err(Error::Store)?;
        }

        let (listener, not_listening) = listen(login.headless, login.port, &login.tell).await?;
        let key_label = login.key_label.map_or_else(key_label::of_this_program, Ok)?;
        let proposal = KeyProposal {
            label: key_label.clone(),
            limit: login.limit,
            workspace_id: login.workspace_id,
            required_workspace_id: login.required_workspace_id,
        };
        let (url, pending) = if let Some(listener) = &listener {
            let authorize = proposal.write(login.client.authorize(listener.callback_url()));
            authorize.begin().map(|(url, pending)| (url, AnySignIn::from(pending)))?
        } else {
            let authorize = proposal.write(login.client.authorize_headless());
            authorize.begin().map(|(url, headless)| (url, AnySignIn::from(headless)))?
        };

        let flow = Flow::new(listener.is_some(), login.prompt.is_some());
        if !flow.has_way() {
            return Err(Error::NoInput(not_listening));
        }
        let mut run = Self {
            client: login.client,
            prompt: login.prompt,
            store,
            tell: login.tell,
            cancel: login.cancel,
            clock,
            listener,
            not_listening,
            pending,
            key_label,
            opening: JoinSet::new(),
            flow,
            came: Came::default(),
        };
        run.invite(&url);
        // A page that shows a code is opened where the user is, not here.
        if let (Some(browser), Some(_)) = (login.browser, &run.listener) {
            run.opening.spawn(async move { browser.open(&url).await });
        }
        Ok(run)
    }

    fn invite(&self, url: &AuthorizeUrl) {
        (self.tell)(&Event::Url(url));
        if let Some(prompt) = &self.prompt {
            let is_headless = self.listener.is_none();
            prompt.show(&Invitation { url, key_label: &self.key_label, is_headless });
        }
        (self.tell)(&Event::Waiting);
    }

    async fn drive(&mut self) -> End {
        let mut step = Step::AskAgain;
        loop {
            step = match step {
                Step::GoOn | Step::AskAgain => self.wait(true).await,
                Step::AskNoMore => self.wait(false).await,
                Step::Exchange | Step::HurryUp(_) => self.exchange().await,
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

    /// Exchanges the code that came.
    async fn exchange(&mut self) -> Step {
        let Self { client, listener, pending, flow, came, cancel, clock, tell, .. } = self;
        let Some(code) = came.code.clone() else { return flow.on(Happened::Failed) };
        // A browser that comes while a pasted code is exchanged waits: the code may be wrong.
        let mut others = listener.as_mut().filter(|_| came.visit.is_some());
        tell(&Event::Exchanging);
        let mut exchange = pin!(pending.exchange(client, &code));
        let (mut time_up, mut is_time_up) = (clock.time_up(), false);
        let (mut cancelled, mut grace) = (0, None);
        loop {
            let happened = tokio::select! {
                biased;
                result = &mut exchange => came.exchanged(result, clock.left()),
                () = cancel.times(cancelled + 1) => {
                    cancelled += 1;
                    Happened::Cancelled
                }
                () = &mut time_up, if !is_time_up => {
                    is_time_up = true;
                    Happened::TimeUp
                }
                () = over(&mut grace) => Happened::GraceOver,
                never = refuse(&mut others) => match never {},
            };
            match flow.on(happened) {
                Step::GoOn => {}
                Step::HurryUp(End::Cancelled) => grace = Some(clock.sleep(GRACE_AFTER_CANCEL)),
                Step::HurryUp(_) => grace = Some(clock.sleep(GRACE_AFTER_TIMEOUT)),
                step => return step,
            }
        }
    }

    /// Waits before the code is tried again.
    async fn pause(&mut self) -> Step {
        let Self { listener, flow, came, cancel, clock, tell, .. } = self;
        let mut others = listener.as_mut().filter(|_| came.visit.is_some());
        let wait = came.pause();
        tell(&Event::Retrying(wait));
        let (mut over, mut time_up) = (clock.sleep(wait), clock.time_up());
        let happened = tokio::select! {
            biased;
            () = cancel.times(1) => Happened::Cancelled,
            () = &mut time_up => Happened::TimeUp,
            () = &mut over => Happened::Paused,
            never = refuse(&mut others) => match never {},
        };
        flow.on(happened)
    }

    /// Stores the key, tells the browser, and says what came of it all.
    async fn finish(mut self, end: End) -> Result<SignedIn, Error> {
        let visit = self.came.visit.take();
        let listener = self.listener.take().filter(|_| visit.is_none() && end == End::Granted);
        let result = self.conclude(end).await;
        // Whoever cancels now does not wait for the browser to have heard.
        let cancelled = self.cancel.count();
        let told = async {
            match visit {
                Some(visit) => visit.answer(page(&result)).await,
                None => last_answers(listener, &self.clock).await,
            }
        };
        tokio::select! {
            () = told => {}
            () = self.cancel.times(cancelled + 1) => {}
        }
        result
    }

    async fn conclude(&mut self, end: End) -> Result<SignedIn, Error> {
        let was_dropped = !self.pending.is_fresh();
        let said = self.came.said.take().unwrap_or(CallbackError::MissingCode);
        match (end, self.came.exchanged.take()) {
            (End::Granted | End::Failed, Some(Ok(grant))) => Ok(self.keep(grant).await),
            (End::Failed, Some(Err(error))) => Err(error.into()),
            (End::Doubtful, Some(Err(error))) => Err(self.unknown(Interrupted::RefusedLater, Some(error))),
            (End::Cancelled, _) if was_dropped => Err(self.unknown(Interrupted::Cancelled, None)),
            (End::TimedOut, _) if was_dropped => Err(self.unknown(Interrupted::TimedOut, None)),
            (End::Cancelled, _) => Err(Error::Cancelled),
            (End::TimedOut, _) => Err(Error::TimedOut { after: self.clock.timeout() }),
            (End::Declined, _) => Err(match said {
                CallbackError::Denied { description } => Error::Denied { description },
                said => Error::Failed(said),
            }),
            (End::NoInput, _) => Err(Error::NoInput(self.not_listening.take())),
            (End::NoCode | End::Granted | End::Failed | End::Doubtful, _) => Err(Error::NoCode(said)),
        }
    }

    fn unknown(&self, why: Interrupted, source: Option<openrouter_oauth::Error>) -> Error {
        Error::OutcomeUnknown { why, key_label: self.key_label.clone(), source }
    }

    async fn keep(&self, grant: ApiKeyGrant) -> SignedIn {
        let stored = match &self.store {
            Some((store, account)) => Some(self.clock.store(store.save(account, &grant.key)).await),
            None => None,
        };
        (self.tell)(&Event::Granted);
        match &stored {
            Some(Ok(())) => (self.tell)(&Event::Stored),
            Some(Err(error)) => (self.tell)(&Event::NotStored(error)),
            None => {}
        }
        SignedIn { key: grant.key, user_id: grant.user_id, not_stored: stored.and_then(Result::err) }
    }
}

/// The properties of the key that the login asks for.
struct KeyProposal {
    label: KeyLabel,
    limit: Option<CreditLimit>,
    workspace_id: Option<WorkspaceId>,
    required_workspace_id: Option<WorkspaceId>,
}

impl KeyProposal {
    fn write<C>(self, authorize: Authorize<C>) -> Authorize<C> {
        let mut authorize = authorize.key_label(self.label);
        if let Some(limit) = self.limit {
            authorize = authorize.limit(limit);
        }
        if let Some(workspace) = self.workspace_id {
            authorize = authorize.workspace_id(workspace);
        }
        if let Some(workspace) = self.required_workspace_id {
            authorize = authorize.required_workspace_id(workspace);
        }
        authorize
    }
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
            listener.on_rejected_request(move |stray| tell(&Event::RejectedRequest(stray)));
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

async fn callback(listener: &mut Option<Listener>, pending: &AnySignIn) -> CallbackRequest {
    match (listener, pending) {
        (Some(listener), AnySignIn::Callback(pending)) => listener.callback(pending).await,
        _ => future::pending().await,
    }
}

/// Turns away whoever comes.
async fn refuse(others: &mut Option<&mut Listener>) -> Infallible {
    match others {
        Some(listener) => listener.refuse_others().await,
        None => future::pending().await,
    }
}

/// Tells a browser that came while a pasted code won that it is too late.
async fn last_answers(listener: Option<Listener>, clock: &Clock) {
    if let Some(mut listener) = listener {
        tokio::select! {
            never = listener.refuse_others() => match never {},
            () = clock.sleep(LAST_ANSWERS) => {}
        }
    }
}

/// Done when the sleep is; never without one.
async fn over(sleep: &mut Option<SleepFuture>) {
    match sleep {
        Some(sleep) => sleep.await,
        None => future::pending().await,
    }
}

/// The truth, for the browser (L-19).
fn page(result: &Result<SignedIn, Error>) -> Page {
    match result {
        Ok(SignedIn { not_stored: None, .. }) => Page::SignedIn,
        Ok(_) => Page::NotStored,
        Err(Error::Denied { .. }) => Page::Denied,
        Err(error) if error.is_outcome_unknown() => Page::OutcomeUnknown,
        Err(_) => Page::Failed,
    }
}
