//! Logins from the beginning to the key, on real ports, with the emulator behind them.

use std::{
    future::Future,
    net::TcpListener,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use openrouter_oauth::{
    ApiKey, Attempt, Client, Error as SdkError, Hook, Timestamp, transport_hyper::TokioTimer,
};
use openrouter_oauth_emulator::{Denial, Emulator, Fault, Settings, User};
use openrouter_oauth_login::{
    Account, Cancel, Error, Event, Interrupted, KeyStore, Login, MemoryStore, SignedIn, StoreError,
    StoreFuture,
};
use openrouter_oauth_tests::{
    stage::Stage,
    user::{Typed, Typist, UserBrowser, get},
};

fn stage() -> Stage {
    Stage::in_memory(Settings::default())
}

/// A login that has nothing of this machine's: no browser, no terminal.
fn login(stage: &Stage) -> Login {
    Login::new(stage.client()).no_browser().no_prompt().headless(false).timeout(Duration::from_secs(60))
}

#[track_caller]
fn assert_says(answer: &str, status: u16, words: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.contains(words), "{answer}");
}

/// The address of another sign-in.
const ELSEWHERE: &str = "https://elsewhere.example/callback?code=auth_code_1";

/// Whether the key works.
async fn is_good(stage: &Stage, key: &ApiKey) -> bool {
    stage.client().with_key(key.clone()).current_key().await.is_ok()
}

#[tokio::test]
async fn a_browser_that_comes_back_brings_a_key() {
    let stage = stage();
    let user = UserBrowser::approves(stage.user());
    let signed_in = login(&stage).browser(user.clone()).key_label("my-cli").run().await.unwrap();
    assert!(signed_in.not_stored.is_none() && signed_in.user_id.is_some(), "{signed_in:?}");
    let info = stage.client().with_key(signed_in.key).current_key().await.unwrap();
    assert_eq!(info.label.as_deref(), Some("my-cli"));
    assert_says(&user.told().await, 200, "signed in");
    assert_eq!(stage.emulator().posts("/auth/keys"), 1);
}

#[tokio::test]
async fn a_key_without_a_label_is_named_after_program_and_host() {
    let stage = stage();
    let signed_in = login(&stage).browser(UserBrowser::approves(stage.user())).run().await.unwrap();
    let info = stage.client().with_key(signed_in.key).current_key().await.unwrap();
    let label = info.label.unwrap();
    assert!(label.contains(" on ") && label.starts_with("it"), "{label}");
}

#[tokio::test]
async fn the_browser_is_told_only_once_the_key_is_there() {
    // L-19: and is stored.
    let stage = stage();
    stage.emulator().inject(Fault::delay(Duration::from_millis(300)).on("/auth/keys"));
    let (user, store) = (UserBrowser::approves(stage.user()), Arc::new(MemoryStore::default()));
    let happened = Arc::new(Mutex::new(Vec::new()));
    let events = Arc::clone(&happened);
    let login = login(&stage).browser(user.clone()).store(Arc::clone(&store)).on_event(move |event| {
        let name = format!("{event:?}");
        events.lock().unwrap().push(name.split(['(', ' ']).next().unwrap().to_owned());
    });
    let mut running = pin!(login.run());
    while !happened.lock().unwrap().iter().any(|name| name == "Exchanging") {
        poll_once(running.as_mut()).await;
    }
    // Half of the time that the service takes.
    let waited = tokio::time::timeout(Duration::from_millis(150), running.as_mut()).await;
    assert!(waited.is_err() && user.heard().is_none(), "{waited:?}");
    let signed_in = running.await.unwrap();
    assert_says(&user.told().await, 200, "signed in");
    assert_eq!(store.load(&Account::new(stage.client())).await.unwrap(), Some(signed_in.key));
    // A browser that comes back at once may do so before it is said to be opened.
    let happened = happened.lock().unwrap().join(" ").replace(" Opened", "");
    assert_eq!(happened, "Listening Url Waiting Exchanging Granted Stored");
}

#[tokio::test]
async fn a_user_who_denies_ends_it_at_once() {
    let stage = stage();
    let user = UserBrowser::denies(stage.user());
    let error = login(&stage).browser(user.clone()).run().await.unwrap_err();
    assert!(matches!(&error, Error::Denied { description: Some(_) }), "{error:?}");
    assert_says(&user.told().await, 200, "You declined");
    assert_eq!(stage.emulator().posts("/auth/keys"), 0);
}

#[tokio::test]
async fn a_tab_that_is_closed_ends_by_the_time_limit() {
    // F45
    for user in [UserBrowser::leaves, UserBrowser::denies] {
        let stage = Stage::in_memory({
            let mut settings = Settings::default();
            settings.denial = Denial::Silent;
            settings
        });
        let login = login(&stage).browser(user(stage.user())).timeout(Duration::from_millis(300));
        let error = login.run().await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn cancelling_frees_the_port_at_once() {
    // L-20
    let stage = stage();
    let (cancel, port) = (Cancel::new(), Arc::new(Mutex::new(0)));
    let heard = Arc::clone(&port);
    let login = login(&stage).cancel(cancel.clone()).on_event(move |event| {
        if let Event::Listening { port } = event {
            *heard.lock().unwrap() = *port;
        }
    });
    let running = tokio::spawn(login.run());
    while *port.lock().unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    let port = *port.lock().unwrap();
    assert!(TcpListener::bind(("127.0.0.1", port)).is_err());
    cancel.cancel();
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error:?}");
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[tokio::test]
async fn a_pasted_code_wins_over_a_browser_that_does_not_come() {
    // P-6
    let stage = stage();
    let typist = Typist::new(stage.user(), [Typed::Code]);
    let user = UserBrowser::leaves(stage.user());
    let signed_in = login(&stage).browser(user).prompt(typist.clone()).run().await.unwrap();
    assert!(is_good(&stage, &signed_in.key).await);
    // The whole address was pasted, and nothing listens there any more.
    assert!(typist.url().unwrap().contains("callback_url=http%3A%2F%2F127.0.0.1%3A"));
    assert_eq!(stage.emulator().posts("/auth/keys"), 1);
}

#[tokio::test]
async fn a_browser_wins_over_a_prompt_that_waits() {
    // P-6
    let stage = stage();
    let typist = Typist::new(stage.user(), []);
    let login = login(&stage).browser(UserBrowser::approves(stage.user())).prompt(typist.clone());
    assert!(is_good(&stage, &login.run().await.unwrap().key).await);
    assert_eq!(typist.problems(), [None]);
}

#[tokio::test]
async fn without_a_browser_the_page_shows_a_code_to_paste() {
    // P-1
    let stage = stage();
    let typist = Typist::new(stage.user(), [Typed::Code]);
    let signed_in = login(&stage).headless(true).prompt(typist.clone()).run().await.unwrap();
    assert!(is_good(&stage, &signed_in.key).await);
    assert!(!typist.url().unwrap().contains("callback_url"));
}

#[tokio::test]
async fn a_code_can_be_pasted_three_times() {
    // P-5: with the same verifier.
    let stage = stage();
    let wrong = [Typed::Text("auth_code_of_nobody"), Typed::Text(ELSEWHERE)];
    let typist = Typist::new(stage.user(), wrong.into_iter().chain([Typed::Code]));
    let signed_in = login(&stage).headless(true).prompt(typist.clone()).run().await.unwrap();
    assert!(is_good(&stage, &signed_in.key).await);
    let [None, Some(refused), Some(unreadable)] = &typist.problems()[..] else {
        panic!("{:?}", typist.problems())
    };
    assert!(refused.contains("refused") && !unreadable.contains("elsewhere"), "{refused} {unreadable}");
    assert_eq!(stage.emulator().posts("/auth/keys"), 2);
}

#[tokio::test]
async fn three_wrong_codes_end_it_if_nothing_listens() {
    let stage = stage();
    let typist = Typist::new(stage.user(), [Typed::Text(ELSEWHERE); 3]);
    let error = login(&stage).headless(true).prompt(typist.clone()).run().await.unwrap_err();
    assert!(matches!(error, Error::NoCode(_)), "{error:?}");
    assert_eq!(typist.problems().len(), 3);

    let typist = Typist::new(stage.user(), [Typed::Text("auth_code_of_nobody"); 3]);
    let error = login(&stage).headless(true).prompt(typist).run().await.unwrap_err();
    assert!(matches!(&error, Error::Sdk(error) if error.is_rejected_code()), "{error:?}");
}

#[tokio::test]
async fn three_wrong_codes_leave_the_browser_its_chance() {
    let stage = stage();
    let typist = Typist::new(stage.user(), [Typed::Text(ELSEWHERE); 3]);
    let (user, url) = (UserBrowser::approves(stage.user()), typist.clone());
    let asked = typist.clone();
    tokio::spawn(async move {
        while asked.problems().len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        user.visit(&url.url().unwrap()).await
    });
    assert!(is_good(&stage, &login(&stage).prompt(typist).run().await.unwrap().key).await);
}

#[tokio::test]
async fn a_prompt_that_is_closed_cancels_and_one_that_is_not_there_does_not() {
    // P-5
    let stage = stage();
    let closed = Typist::new(stage.user(), [Typed::End]);
    let error = login(&stage).prompt(closed).run().await.unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error:?}");

    let nobody = Typist::new(stage.user(), [Typed::Nobody]);
    let signed_in = login(&stage).browser(UserBrowser::approves(stage.user())).prompt(nobody).run().await;
    assert!(is_good(&stage, &signed_in.unwrap().key).await);

    let nobody = Typist::new(stage.user(), [Typed::Nobody]);
    let error = login(&stage).headless(true).prompt(nobody).run().await.unwrap_err();
    assert!(matches!(error, Error::NoInput(None)), "{error:?}");
    let error = login(&stage).headless(true).run().await.unwrap_err();
    assert!(matches!(error, Error::NoInput(None)), "{error:?}");
}

#[tokio::test]
async fn a_port_that_was_asked_for_and_is_taken_is_told() {
    // L-2
    let stage = stage();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = login(&stage).port(port).run().await.unwrap_err();
    assert!(matches!(error, Error::Listener(_)), "{error:?}");
    assert_eq!(stage.emulator().requests("/auth"), 0);
}

#[tokio::test]
async fn a_code_that_was_not_processed_is_tried_again() {
    let stage = stage();
    stage.emulator().inject(Fault::status(429).header("Retry-After", "0").on("/auth/keys"));
    let user = UserBrowser::approves(stage.user());
    let signed_in = login(&stage).browser(user.clone()).run().await.unwrap();
    assert!(is_good(&stage, &signed_in.key).await);
    assert_says(&user.told().await, 200, "signed in");
    assert_eq!(stage.emulator().posts("/auth/keys"), 2);

    for _ in 0..3 {
        stage.emulator().inject(Fault::status(503).header("Retry-After", "0").on("/auth/keys"));
    }
    let user = UserBrowser::approves(stage.user());
    let error = login(&stage).browser(user.clone()).run().await.unwrap_err();
    assert!(matches!(error, Error::Sdk(SdkError::ServiceUnavailable { .. })), "{error:?}");
    assert_says(&user.told().await, 502, "not signed in");
    assert_eq!(stage.emulator().posts("/auth/keys"), 2 + 3);
}

#[tokio::test]
async fn a_refused_code_of_the_browser_ends_it() {
    let stage = stage();
    stage.emulator().inject(Fault::status(403).on("/auth/keys"));
    let user = UserBrowser::approves(stage.user());
    let error = login(&stage).browser(user.clone()).run().await.unwrap_err();
    assert!(matches!(&error, Error::Sdk(SdkError::Api(_))), "{error:?}");
    assert_says(&user.told().await, 502, "not signed in");
}

#[tokio::test]
async fn an_unknown_outcome_is_told_and_nothing_is_sent_again() {
    let stage = stage();
    let before = Timestamp::parse("2020-01-01T00:00:00Z").unwrap();
    for fault in [Fault::drop_after_commit(), Fault::status(500)] {
        let posts = stage.emulator().posts("/auth/keys");
        stage.emulator().inject(fault.on("/auth/keys"));
        let user = UserBrowser::approves(stage.user());
        let error = login(&stage).key_label("my-cli").browser(user.clone()).run().await.unwrap_err();
        let Error::Sdk(SdkError::OutcomeUnknown(unknown)) = &error else { panic!("{error:?}") };
        assert_eq!(unknown.key_label().unwrap().as_str(), "my-cli");
        assert!(unknown.noticed_at().is_some_and(|time| time > before));
        assert_says(&user.told().await, 502, "Nobody knows");
        assert_eq!(stage.emulator().posts("/auth/keys"), posts + 1);
    }
}

#[tokio::test]
async fn a_key_that_comes_after_the_cancelling_is_not_lost() {
    let stage = stage();
    stage.emulator().inject(Fault::delay(Duration::from_millis(400)).on("/auth/keys"));
    let cancel = Cancel::new();
    let login = login(&stage).browser(UserBrowser::approves(stage.user())).cancel(cancel.clone());
    let login = login.on_event(move |event| {
        if matches!(event, Event::Exchanging) {
            cancel.cancel();
        }
    });
    assert!(is_good(&stage, &login.run().await.unwrap().key).await);
}

#[tokio::test]
async fn whoever_cancels_twice_does_not_wait() {
    let stage = stage();
    stage.emulator().inject(Fault::delay(Duration::from_secs(20)).on("/auth/keys"));
    let (cancel, user) = (Cancel::new(), UserBrowser::approves(stage.user()));
    let login = login(&stage).browser(user.clone()).cancel(cancel.clone());
    let login = login.on_event(move |event| {
        if matches!(event, Event::Exchanging) {
            cancel.cancel();
            cancel.cancel();
        }
    });
    let error = login.run().await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { why: Interrupted::Cancelled, .. }), "{error:?}");
    assert!(error.to_string().contains("openrouter.ai/settings/keys"), "{error}");
    assert_says(&user.told().await, 502, "Nobody knows");
}

#[tokio::test]
async fn a_key_that_cannot_be_stored_is_returned() {
    // S-8
    let stage = stage();
    let user = UserBrowser::approves(stage.user());
    let store = Failing { fails_to_save: true, ..Failing::default() };
    let signed_in: SignedIn = login(&stage).browser(user.clone()).store(store).run().await.unwrap();
    assert!(matches!(signed_in.not_stored, Some(StoreError::Io { .. })), "{signed_in:?}");
    assert!(is_good(&stage, &signed_in.key).await);
    assert_says(&user.told().await, 200, "was not stored");
}

#[tokio::test]
async fn a_store_that_cannot_be_used_is_told_before_a_key_is_made() {
    let stage = stage();
    let store = Failing { fails_to_load: true, ..Failing::default() };
    let error = login(&stage).store(store).run().await.unwrap_err();
    assert!(matches!(error, Error::Store(_)), "{error:?}");
    assert_eq!(stage.emulator().requests("/auth"), 0);
}

#[tokio::test]
async fn a_store_that_does_not_answer_can_be_cancelled_and_has_its_time() {
    let stage = stage();
    let cancel = Cancel::new();
    let silent = || Failing { is_silent: true, ..Failing::default() };
    let running = login(&stage).store(silent()).cancel(cancel.clone()).run();
    let (ended, ()) = tokio::join!(running, async { cancel.cancel() });
    assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");

    tokio::time::pause();
    let error = login(&stage).store(silent()).run().await.unwrap_err();
    assert!(matches!(error, Error::Store(StoreError::Timeout { .. })), "{error:?}");
}

#[tokio::test]
async fn bad_settings_are_told_before_anything_happens() {
    let stage = stage();
    let label = "x".repeat(101);
    for login in [
        login(&stage).key_label(label.as_str()),
        login(&stage).limit(f64::NAN),
        login(&stage).workspace_id("not a workspace"),
        login(&stage).required_workspace_id(""),
        login(&stage).account(" work"),
    ] {
        let error = login.run().await.unwrap_err();
        assert!(matches!(error, Error::Sdk(SdkError::Invalid(_))), "{error:?}");
    }
}

#[tokio::test]
async fn a_login_dropped_after_any_poll_leaves_nothing() {
    // C-28, F50: after each poll up to the last. A drop in flight is told to the hooks.
    let (mut polls, mut told_of_drops) = (0, 0);
    loop {
        let abandoned = Abandoned::default();
        let emulator = Emulator::new();
        emulator.inject(Fault::delay(Duration::from_millis(20)).on("/auth/keys"));
        let client = Client::builder().transport(emulator.clone()).timer(TokioTimer::new());
        let client = client.hook(abandoned.clone()).build().unwrap();
        let user = UserBrowser::approves(&User::new(emulator.clone()));
        let port = Arc::new(Mutex::new(0));
        let heard = Arc::clone(&port);
        let login = Login::new(&client).headless(false).browser(user).on_event(move |event| {
            if let Event::Listening { port } = event {
                *heard.lock().unwrap() = *port;
            }
        });
        let login = login.prompt(Typist::new(&User::new(emulator.clone()), [])).store(MemoryStore::default());
        let is_over = poll_times(login.run(), polls).await;
        let port = *port.lock().unwrap();
        if port != 0 {
            TcpListener::bind(("127.0.0.1", port)).unwrap();
        }
        let times = abandoned.0.load(Ordering::Relaxed);
        assert!(times == 0 || (times == 1 && emulator.posts("/auth/keys") == 1 && !is_over));
        told_of_drops += times;
        polls += 1;
        if is_over {
            break;
        }
    }
    assert!(polls > 3 && told_of_drops > 0, "{polls} polls, {told_of_drops} drops in flight");
}

/// Counts the exchanges that were dropped.
#[derive(Clone, Debug, Default)]
struct Abandoned(Arc<AtomicUsize>);

impl Hook for Abandoned {
    fn abandoned(&self, _attempt: &Attempt) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls so many times, each after whatever else is ready has run, and drops it. Returns whether it was over.
async fn poll_times(future: impl Future, times: usize) -> bool {
    let mut future = pin!(future);
    for _ in 0..times {
        if poll_once(future.as_mut()).await {
            return true;
        }
    }
    false
}

/// Polls once, and lets whatever else is ready run. Returns whether it was over.
async fn poll_once(future: Pin<&mut impl Future>) -> bool {
    let is_over = future.poll(&mut Context::from_waker(Waker::noop())).is_ready();
    tokio::time::sleep(Duration::from_millis(2)).await;
    is_over
}

#[tokio::test]
async fn an_exchange_that_runs_when_the_time_is_over_has_its_own_time() {
    let stage = stage();
    stage.emulator().inject(Fault::delay(Duration::from_millis(600)).on("/auth/keys"));
    let late = login(&stage).browser(UserBrowser::approves(stage.user())).timeout(Duration::from_millis(300));
    assert!(is_good(&stage, &late.run().await.unwrap().key).await);
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_outlives_the_login_may_have_made_a_key() {
    let emulator = Emulator::new();
    emulator.inject(Fault::delay(Duration::from_secs(3600)).on("/auth/keys"));
    let client = Client::builder().transport(emulator.clone()).timer(TokioTimer::new()).without_deadline();
    let client = client.build().unwrap();
    let typist = Typist::new(&User::new(emulator.clone()), [Typed::Code]);
    let login = Login::new(&client).key_label("my-cli").no_browser().headless(true).prompt(typist);
    let error = login.timeout(Duration::from_secs(60)).run().await.unwrap_err();
    let Error::OutcomeUnknown { why: Interrupted::TimedOut, .. } = &error else { panic!("{error:?}") };
    assert!(error.is_outcome_unknown());
    let told = error.to_string();
    assert!(told.contains("\"my-cli\"") && told.contains("openrouter.ai/settings/keys"), "{told}");
    assert_eq!(emulator.posts("/auth/keys"), 1);
}

#[tokio::test]
async fn a_503_that_says_no_time_is_not_tried_again() {
    let stage = stage();
    stage.emulator().inject(Fault::status(503).on("/auth/keys"));
    let error = login(&stage).browser(UserBrowser::approves(stage.user())).run().await.unwrap_err();
    assert!(matches!(error, Error::Sdk(SdkError::ServiceUnavailable { .. })), "{error:?}");
    assert_eq!(stage.emulator().posts("/auth/keys"), 1);
}

#[tokio::test]
async fn a_wait_beyond_the_time_that_is_left_is_not_begun() {
    // C-24
    let stage = stage();
    stage.emulator().inject(Fault::status(429).header("Retry-After", "600").on("/auth/keys"));
    let error = login(&stage).browser(UserBrowser::approves(stage.user())).run().await.unwrap_err();
    assert!(matches!(error, Error::Sdk(SdkError::RateLimited { .. })), "{error:?}");
}

#[tokio::test]
async fn a_code_that_is_refused_after_a_wait_may_have_made_a_key() {
    for typed in [None, Some(Typed::Code)] {
        let stage = stage();
        stage.emulator().inject(Fault::status(429).header("Retry-After", "0").on("/auth/keys"));
        stage.emulator().inject(Fault::status(403).on("/auth/keys"));
        let typist = Typist::new(stage.user(), typed);
        let login = match typed {
            None => login(&stage).browser(UserBrowser::approves(stage.user())),
            Some(_) => login(&stage).headless(true),
        };
        let error = login.prompt(typist.clone()).run().await.unwrap_err();
        let Error::OutcomeUnknown { why, source: Some(SdkError::Api(_)), .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(*why, Interrupted::RefusedLater);
        assert_eq!(typist.problems().len(), 1);
    }
}

#[tokio::test]
async fn a_panic_of_the_program_loses_no_key() {
    let stage = stage();
    let login = login(&stage).browser(UserBrowser::approves(stage.user()));
    let login =
        login.on_event(|event| assert!(!matches!(event, Event::Granted), "nobody reads what I print"));
    assert!(is_good(&stage, &login.run().await.unwrap().key).await);
}

#[tokio::test]
async fn a_browser_that_comes_while_a_wrong_code_is_exchanged_is_not_turned_away() {
    // P-6: the first that is right wins.
    let stage = stage();
    stage.emulator().inject(Fault::delay(Duration::from_millis(300)).on("/auth/keys"));
    let typist = Typist::new(stage.user(), [Typed::Text("auth_code_of_nobody")]);
    let (user, shown) = (UserBrowser::approves(stage.user()), typist.clone());
    let coming = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        user.visit(&shown.url().unwrap()).await
    });
    let signed_in = login(&stage).prompt(typist).run().await.unwrap();
    assert!(is_good(&stage, &signed_in.key).await);
    assert_says(&coming.await.unwrap().unwrap(), 200, "signed in");
}

#[test]
fn without_a_runtime_there_is_an_error() {
    // F51
    let stage = stage();
    let mut running = pin!(login(&stage).run());
    let Poll::Ready(Err(error)) = running.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits for what never comes")
    };
    assert!(matches!(error, Error::NoRuntime(_)), "{error:?}");
}

#[tokio::test]
async fn a_late_browser_finds_no_second_exchange() {
    // L-12
    let stage = stage();
    stage.emulator().inject(Fault::delay(Duration::from_millis(300)).on("/auth/keys"));
    let typist = Typist::new(stage.user(), [Typed::Code]);
    let url = typist.clone();
    let user = UserBrowser::approves(stage.user());
    let late = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        user.visit(&url.url().unwrap()).await
    });
    let signed_in = login(&stage).prompt(typist).run().await.unwrap();
    assert!(is_good(&stage, &signed_in.key).await);
    assert_says(&late.await.unwrap().unwrap(), 410, "");
    assert_eq!(stage.emulator().posts("/auth/keys"), 1);
}

#[tokio::test]
async fn nothing_but_the_callback_ends_it() {
    // L-6, L-11
    let stage = stage();
    let typist = Typist::new(stage.user(), []);
    let shown = typist.clone();
    let running = tokio::spawn(login(&stage).prompt(typist).run());
    while shown.url().is_none() {
        tokio::task::yield_now().await;
    }
    let url = shown.url().unwrap();
    let callback = openrouter_oauth_tests::query::parameter(&url, "callback_url");
    let origin = callback.split("/callback").next().unwrap().to_owned();
    for path in ["/", "/cancel", "/success", "/callback?error=access_denied", "/callback/x?code=auth_code_1"]
    {
        assert_says(&get(&format!("{origin}{path}")).await.unwrap(), 404, "");
    }
    assert_says(&get(&format!("{callback}?code=auth_code_1&state=wrong")).await.unwrap(), 400, "");
    let user = UserBrowser::approves(stage.user());
    assert_says(&user.visit(&url).await.unwrap(), 200, "signed in");
    assert!(is_good(&stage, &running.await.unwrap().unwrap().key).await);
}

/// A store that can fail.
#[derive(Debug, Default)]
struct Failing {
    is_silent: bool,
    fails_to_load: bool,
    fails_to_save: bool,
}

impl Failing {
    fn answer<T>(fails: bool, value: T) -> Result<T, StoreError> {
        let error = std::io::ErrorKind::StorageFull.into();
        if fails {
            Err(StoreError::Io { path: "keys".into(), verb: "written", source: error })
        } else {
            Ok(value)
        }
    }
}

impl KeyStore for Failing {
    fn load<'a>(&'a self, _account: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        Box::pin(async {
            if self.is_silent {
                std::future::pending::<()>().await;
            }
            Self::answer(self.fails_to_load, None)
        })
    }

    fn save<'a>(&'a self, _account: &'a Account, _key: &'a ApiKey) -> StoreFuture<'a, ()> {
        Box::pin(async { Self::answer(self.fails_to_save, ()) })
    }

    fn delete<'a>(&'a self, _account: &'a Account) -> StoreFuture<'a, bool> {
        Box::pin(async { Ok(false) })
    }
}
