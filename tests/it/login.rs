//! Logins from the beginning to the key, on real ports, with the emulator behind them.

use std::{
    future::Future,
    net::TcpListener,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Waker},
    time::Duration,
};

use openrouter_oauth::{ApiKey, Error as SdkError, Timestamp};
use openrouter_oauth_emulator::{Denial, Fault, Settings};
use openrouter_oauth_login::{
    Account, Cancel, Error, Event, KeyStore, Login, SignedIn, StoreError, StoreFuture,
};
use openrouter_oauth_tests::{
    stage::Stage,
    user::{Typed, Typist, User, get},
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
    let user = User::approves(stage.person());
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
    let signed_in = login(&stage).browser(User::approves(stage.person())).run().await.unwrap();
    let info = stage.client().with_key(signed_in.key).current_key().await.unwrap();
    let label = info.label.unwrap();
    assert!(label.contains(" on ") && label.starts_with("it"), "{label}");
}

#[tokio::test]
async fn the_browser_is_told_only_once_the_key_is_there() {
    // L-19
    let stage = stage();
    stage.emulator().inject(Fault::delay(Duration::from_millis(300)).on("/auth/keys"));
    let user = User::approves(stage.person());
    let happened = Arc::new(Mutex::new(Vec::new()));
    let events = Arc::clone(&happened);
    let login = login(&stage).browser(user.clone()).store(Memory::default(), Account::of(stage.client()));
    let login = login.on_event(move |event| {
        events.lock().unwrap().push(format!("{event:?}").split(['(', ' ']).next().unwrap().to_owned());
    });
    let mut running = tokio::spawn(login.run());
    tokio::select! {
        // The browser's own answer comes last, or together with the end.
        told = user.told() => assert_says(&told, 200, "signed in"),
        () = tokio::time::sleep(Duration::from_millis(100)) => {}
    }
    assert!((&mut running).await.unwrap().is_ok());
    let happened = happened.lock().unwrap().join(" ");
    assert_eq!(happened, "Listening Url Waiting Opened Exchanging Granted Stored");
}

#[tokio::test]
async fn a_user_who_denies_ends_it_at_once() {
    let stage = stage();
    let user = User::denies(stage.person());
    let error = login(&stage).browser(user.clone()).run().await.unwrap_err();
    assert!(matches!(&error, Error::Denied { description: Some(_) }), "{error:?}");
    assert_says(&user.told().await, 200, "You declined");
    assert_eq!(stage.emulator().posts("/auth/keys"), 0);
}

#[tokio::test]
async fn a_tab_that_is_closed_ends_by_the_time_limit() {
    // F45
    for user in [User::leaves, User::denies] {
        let stage = Stage::in_memory({
            let mut settings = Settings::default();
            settings.denial = Denial::Silent;
            settings
        });
        let login = login(&stage).browser(user(stage.person())).timeout(Duration::from_millis(300));
        let error = login.run().await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { exchanging: false, .. }), "{error:?}");
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
    assert!(matches!(error, Error::Cancelled { exchanging: false }), "{error:?}");
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[tokio::test]
async fn a_pasted_code_wins_over_a_browser_that_does_not_come() {
    // P-6
    let stage = stage();
    let typist = Typist::new(stage.person(), [Typed::Code]);
    let user = User::leaves(stage.person());
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
    let typist = Typist::new(stage.person(), []);
    let login = login(&stage).browser(User::approves(stage.person())).prompt(typist.clone());
    assert!(is_good(&stage, &login.run().await.unwrap().key).await);
    assert_eq!(typist.problems(), [None]);
}

#[tokio::test]
async fn without_a_browser_the_page_shows_a_code_to_paste() {
    // P-1
    let stage = stage();
    let typist = Typist::new(stage.person(), [Typed::Code]);
    let signed_in = login(&stage).headless(true).prompt(typist.clone()).run().await.unwrap();
    assert!(is_good(&stage, &signed_in.key).await);
    assert!(!typist.url().unwrap().contains("callback_url"));
}

#[tokio::test]
async fn a_code_can_be_pasted_three_times() {
    // P-5: with the same verifier.
    let stage = stage();
    let wrong = [Typed::Text("auth_code_of_nobody"), Typed::Text(ELSEWHERE)];
    let typist = Typist::new(stage.person(), wrong.into_iter().chain([Typed::Code]));
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
    let typist = Typist::new(stage.person(), [Typed::Text(ELSEWHERE); 3]);
    let error = login(&stage).headless(true).prompt(typist.clone()).run().await.unwrap_err();
    assert!(matches!(error, Error::NoCode(_)), "{error:?}");
    assert_eq!(typist.problems().len(), 3);

    let typist = Typist::new(stage.person(), [Typed::Text("auth_code_of_nobody"); 3]);
    let error = login(&stage).headless(true).prompt(typist).run().await.unwrap_err();
    assert!(matches!(&error, Error::Sdk(error) if error.is_refused_code()), "{error:?}");
}

#[tokio::test]
async fn three_wrong_codes_leave_the_browser_its_chance() {
    let stage = stage();
    let typist = Typist::new(stage.person(), [Typed::Text(ELSEWHERE); 3]);
    let (user, url) = (User::approves(stage.person()), typist.clone());
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
    let closed = Typist::new(stage.person(), [Typed::End]);
    let error = login(&stage).prompt(closed).run().await.unwrap_err();
    assert!(matches!(error, Error::Cancelled { exchanging: false }), "{error:?}");

    let nobody = Typist::new(stage.person(), [Typed::Nobody]);
    let signed_in = login(&stage).browser(User::approves(stage.person())).prompt(nobody).run().await;
    assert!(is_good(&stage, &signed_in.unwrap().key).await);

    let nobody = Typist::new(stage.person(), [Typed::Nobody]);
    let error = login(&stage).headless(true).prompt(nobody).run().await.unwrap_err();
    assert!(matches!(error, Error::NoWay(None)), "{error:?}");
    let error = login(&stage).headless(true).run().await.unwrap_err();
    assert!(matches!(error, Error::NoWay(None)), "{error:?}");
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
    let user = User::approves(stage.person());
    let signed_in = login(&stage).browser(user.clone()).run().await.unwrap();
    assert!(is_good(&stage, &signed_in.key).await);
    assert_says(&user.told().await, 200, "signed in");
    assert_eq!(stage.emulator().posts("/auth/keys"), 2);

    for _ in 0..3 {
        stage.emulator().inject(Fault::status(503).header("Retry-After", "0").on("/auth/keys"));
    }
    let user = User::approves(stage.person());
    let error = login(&stage).browser(user.clone()).run().await.unwrap_err();
    assert!(matches!(error, Error::Sdk(SdkError::ServiceUnavailable { .. })), "{error:?}");
    assert_says(&user.told().await, 502, "not signed in");
}

#[tokio::test]
async fn a_refused_code_of_the_browser_ends_it() {
    let stage = stage();
    stage.emulator().inject(Fault::status(403).on("/auth/keys"));
    let user = User::approves(stage.person());
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
        let user = User::approves(stage.person());
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
    let login = login(&stage).browser(User::approves(stage.person())).cancel(cancel.clone());
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
    let (cancel, user) = (Cancel::new(), User::approves(stage.person()));
    let login = login(&stage).browser(user.clone()).cancel(cancel.clone());
    let login = login.on_event(move |event| {
        if matches!(event, Event::Exchanging) {
            cancel.cancel();
            cancel.cancel();
        }
    });
    let error = login.run().await.unwrap_err();
    assert!(matches!(error, Error::Cancelled { exchanging: true }), "{error:?}");
    assert!(error.to_string().contains("openrouter.ai/settings/keys"), "{error}");
    assert_says(&user.told().await, 502, "Nobody knows");
}

#[tokio::test]
async fn a_key_that_cannot_be_stored_is_returned() {
    // S-8
    let stage = stage();
    let user = User::approves(stage.person());
    let store = Memory { fails_to_save: true, ..Memory::default() };
    let signed_in: SignedIn =
        login(&stage).browser(user.clone()).store(store, Account::of(stage.client())).run().await.unwrap();
    assert!(matches!(signed_in.not_stored, Some(StoreError::Io { .. })), "{signed_in:?}");
    assert!(is_good(&stage, &signed_in.key).await);
    assert_says(&user.told().await, 200, "was not stored");
}

#[tokio::test]
async fn a_store_that_cannot_be_used_is_told_before_a_key_is_made() {
    let stage = stage();
    let store = Memory { fails_to_load: true, ..Memory::default() };
    let error = login(&stage).store(store, Account::of(stage.client())).run().await.unwrap_err();
    assert!(matches!(error, Error::Storage(_)), "{error:?}");
    assert_eq!(stage.emulator().requests("/auth"), 0);
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
    ] {
        let error = login.run().await.unwrap_err();
        assert!(matches!(error, Error::Sdk(SdkError::Invalid(_))), "{error:?}");
    }
}

#[tokio::test]
async fn a_login_dropped_after_any_poll_leaves_nothing() {
    // C-28, F50: after each poll up to the one that is the last.
    let mut polls = 0;
    loop {
        let stage = stage();
        let port = Arc::new(Mutex::new(0));
        let heard = Arc::clone(&port);
        let login = login(&stage).browser(User::approves(stage.person())).on_event(move |event| {
            if let Event::Listening { port } = event {
                *heard.lock().unwrap() = *port;
            }
        });
        let is_over = poll_times(login.run(), polls).await;
        let port = *port.lock().unwrap();
        if port != 0 {
            TcpListener::bind(("127.0.0.1", port)).unwrap();
        }
        polls += 1;
        if is_over {
            break;
        }
    }
    assert!(polls > 3, "{polls}");
}

/// Polls so many times, each after whatever else is ready has run, and drops it. Returns whether it was over.
async fn poll_times(future: impl Future, times: usize) -> bool {
    let mut future = pin!(future);
    for _ in 0..times {
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    false
}

#[tokio::test]
async fn a_late_browser_finds_no_second_exchange() {
    // L-12
    let stage = stage();
    stage.emulator().inject(Fault::delay(Duration::from_millis(300)).on("/auth/keys"));
    let typist = Typist::new(stage.person(), [Typed::Code]);
    let url = typist.clone();
    let user = User::approves(stage.person());
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
    let typist = Typist::new(stage.person(), []);
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
    let user = User::approves(stage.person());
    assert_says(&user.visit(&url).await.unwrap(), 200, "signed in");
    assert!(is_good(&stage, &running.await.unwrap().unwrap().key).await);
}

/// A store that can fail.
#[derive(Debug, Default)]
struct Memory {
    fails_to_load: bool,
    fails_to_save: bool,
}

impl Memory {
    fn answer<T>(fails: bool, value: T) -> Result<T, StoreError> {
        let error = std::io::ErrorKind::StorageFull.into();
        if fails {
            Err(StoreError::Io { path: "keys".into(), verb: "written", source: error })
        } else {
            Ok(value)
        }
    }
}

impl KeyStore for Memory {
    fn load<'a>(&'a self, _account: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        Box::pin(async { Self::answer(self.fails_to_load, None) })
    }

    fn save<'a>(&'a self, _account: &'a Account, _key: &'a ApiKey) -> StoreFuture<'a, ()> {
        Box::pin(async { Self::answer(self.fails_to_save, ()) })
    }

    fn delete<'a>(&'a self, _account: &'a Account) -> StoreFuture<'a, bool> {
        Box::pin(async { Ok(false) })
    }
}
