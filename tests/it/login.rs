//! Whole logins on real ports, with the emulator as the service.

use std::{
    future::Future,
    net::TcpListener,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use openrouter_oauth::{
    ApiKey, Attempt, Client, Error as SdkError, Hook, Timestamp,
    transport::{Transport as _, from_fn},
    transport_hyper::TokioTimer,
};
use openrouter_oauth_emulator::{DenialBehavior, Emulator, Fault, Settings, User};
use openrouter_oauth_login::{
    Account, Cancel, Error, Event, KeyStore, Login, MemoryStore, OutcomeUnknownReason, SignedIn, StoreError,
    StoreFuture,
};
use openrouter_oauth_tests::{
    testbed::Testbed,
    user::{TypedInput, UserBrowser, get, typing},
};
use tokio::sync::Semaphore;

fn testbed() -> Testbed {
    Testbed::in_memory(Settings::default())
}

/// A login that uses neither this machine's browser nor its terminal.
fn login(testbed: &Testbed) -> Login {
    login_with(testbed.client())
}

fn login_with(client: &Client) -> Login {
    Login::new(client).no_browser().no_prompt().headless(false).timeout(Duration::from_secs(60))
}

/// Returns a client that receives the response of an exchange only once the test closes the semaphore.
fn client_with_held_responses(emulator: &Emulator) -> (Client, Arc<Semaphore>) {
    let (emulator, closed) = (emulator.clone(), Arc::new(Semaphore::new(0)));
    let waiting = Arc::clone(&closed);
    let transport = from_fn(move |request: http::Request<_>, limits| {
        let (emulator, closed) = (emulator.clone(), Arc::clone(&waiting));
        async move {
            let is_exchange = request.uri().path().ends_with("/auth/keys");
            let response = emulator.send(request, limits).await;
            if is_exchange {
                closed.acquire().await.unwrap_err();
            }
            response
        }
    });
    let client = Client::builder().transport(transport).timer(TokioTimer::new()).without_deadline();
    (client.build().unwrap(), closed)
}

/// Gives a callback that another task of this thread sends time to reach the login's listener, which reports nothing.
/// Many short sleeps rather than one, because the runtime looks for new data after each.
async fn let_callback_arrive() {
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until the emulator receives an exchange.
async fn wait_for_exchange(emulator: &Emulator) {
    let begun = Instant::now();
    while emulator.posts("/auth/keys") == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "no exchange began");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[track_caller]
fn assert_response(response: &str, status: u16, text: &str) {
    assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
    assert!(response.contains(text), "{response}");
}

/// The callback of another sign-in.
const FOREIGN_CALLBACK: &str = "https://elsewhere.example/callback?code=auth_code_1";

/// Whether the emulator accepts the key.
async fn is_valid(testbed: &Testbed, key: &ApiKey) -> bool {
    testbed.client().with_key(key.clone()).current_key().await.is_ok()
}

#[tokio::test]
async fn browser_callback_leads_to_a_key() {
    let testbed = testbed();
    let user = UserBrowser::approving(testbed.user());
    let signed_in = login(&testbed).browser(user.clone()).key_label("my-cli").run().await.unwrap();
    assert!(signed_in.not_stored.is_none() && signed_in.user_id.is_some(), "{signed_in:?}");
    let info = testbed.client().with_key(signed_in.key).current_key().await.unwrap();
    assert_eq!(info.label.as_deref(), Some("my-cli"));
    assert_response(&user.response().await, 200, "signed in");
    assert_eq!(testbed.emulator().posts("/auth/keys"), 1);
}

#[tokio::test]
async fn default_label_names_program_and_host() {
    let testbed = testbed();
    let signed_in = login(&testbed).browser(UserBrowser::approving(testbed.user())).run().await.unwrap();
    let info = testbed.client().with_key(signed_in.key).current_key().await.unwrap();
    let label = info.label.unwrap();
    assert!(label.contains(" on ") && label.starts_with("it"), "{label}");
}

#[tokio::test]
async fn browser_sees_success_only_after_the_key_is_stored() {
    // L-19
    let testbed = testbed();
    let (client, response) = client_with_held_responses(testbed.emulator());
    let (user, store) = (UserBrowser::approving(testbed.user()), Arc::new(MemoryStore::default()));
    let reported = Arc::new(Mutex::new(Vec::new()));
    let events = Arc::clone(&reported);
    let login = login_with(&client).browser(user.clone()).store(Arc::clone(&store)).on_event(move |event| {
        let name = format!("{event:?}");
        events.lock().unwrap().push(name.split(['(', ' ']).next().unwrap().to_owned());
    });
    let mut running = pin!(login.run());
    while testbed.emulator().posts("/auth/keys") == 0 {
        poll_once(running.as_mut()).await;
    }
    let waited = tokio::time::timeout(Duration::from_millis(150), running.as_mut()).await;
    assert!(waited.is_err() && user.response_so_far().is_none(), "{waited:?}");
    response.close();
    let signed_in = running.await.unwrap();
    assert_response(&user.response().await, 200, "signed in");
    assert_eq!(store.load(&Account::new(testbed.client())).await.unwrap(), Some(signed_in.key));
    // The callback may arrive before the event `Opened`.
    let reported = reported.lock().unwrap().join(" ").replace(" Opened", "");
    assert_eq!(reported, "Listening Url Waiting Exchanging Granted Stored");
}

#[tokio::test]
async fn denial_ends_the_login_at_once() {
    let testbed = testbed();
    let user = UserBrowser::denying(testbed.user());
    let error = login(&testbed).browser(user.clone()).run().await.unwrap_err();
    assert!(matches!(&error, Error::Denied { description: Some(_) }), "{error:?}");
    assert_response(&user.response().await, 200, "You declined");
    assert_eq!(testbed.emulator().posts("/auth/keys"), 0);
}

#[tokio::test]
async fn closed_tab_ends_the_login_by_its_timeout() {
    // F45
    for user in [UserBrowser::leaving, UserBrowser::denying] {
        let testbed = Testbed::in_memory({
            let mut settings = Settings::default();
            settings.denial = DenialBehavior::Silent;
            settings
        });
        let login = login(&testbed).browser(user(testbed.user())).timeout(Duration::from_millis(300));
        let error = login.run().await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn cancelling_frees_the_port_at_once() {
    // L-20
    let testbed = testbed();
    let (cancel, port) = (Cancel::new(), Arc::new(Mutex::new(0)));
    let listening_port = Arc::clone(&port);
    let login = login(&testbed).cancel(cancel.clone()).on_event(move |event| {
        if let Event::Listening { port } = event {
            *listening_port.lock().unwrap() = *port;
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
async fn pasted_code_wins_over_a_browser_that_stays_away() {
    // P-6
    let testbed = testbed();
    let prompt = typing(testbed.user(), [TypedInput::Code]);
    let user = UserBrowser::leaving(testbed.user());
    let signed_in = login(&testbed).browser(user).prompt(prompt.clone()).run().await.unwrap();
    assert!(is_valid(&testbed, &signed_in.key).await);
    // The user pasted the whole callback URL. Its port is already closed.
    assert!(prompt.url().unwrap().contains("callback_url=http%3A%2F%2F127.0.0.1%3A"));
    assert_eq!(testbed.emulator().posts("/auth/keys"), 1);
}

#[tokio::test]
async fn callback_wins_over_a_waiting_prompt() {
    // P-6
    let testbed = testbed();
    let prompt = typing(testbed.user(), []);
    let login = login(&testbed).browser(UserBrowser::approving(testbed.user())).prompt(prompt.clone());
    assert!(is_valid(&testbed, &login.run().await.unwrap().key).await);
    assert_eq!(prompt.problems(), [None]);
}

#[tokio::test]
async fn headless_login_accepts_the_code_from_the_page() {
    // P-1
    let testbed = testbed();
    let prompt = typing(testbed.user(), [TypedInput::Code]);
    let signed_in = login(&testbed).headless(true).prompt(prompt.clone()).run().await.unwrap();
    assert!(is_valid(&testbed, &signed_in.key).await);
    assert!(!prompt.url().unwrap().contains("callback_url"));
}

#[tokio::test]
async fn user_has_three_attempts_to_paste_a_code() {
    // P-5: all three use the same verifier.
    let testbed = testbed();
    let wrong = [TypedInput::Text("auth_code_of_nobody"), TypedInput::Text(FOREIGN_CALLBACK)];
    let prompt = typing(testbed.user(), wrong.into_iter().chain([TypedInput::Code]));
    let signed_in = login(&testbed).headless(true).prompt(prompt.clone()).run().await.unwrap();
    assert!(is_valid(&testbed, &signed_in.key).await);
    let [None, Some(rejected), Some(unreadable)] = &prompt.problems()[..] else {
        panic!("{:?}", prompt.problems())
    };
    assert_eq!(rejected, "this code was rejected; OpenRouter: Invalid code");
    assert!(!unreadable.contains("elsewhere"), "{unreadable}");
    assert_eq!(testbed.emulator().posts("/auth/keys"), 2);
}

#[tokio::test]
async fn three_wrong_codes_end_a_headless_login() {
    let testbed = testbed();
    let prompt = typing(testbed.user(), [TypedInput::Text(FOREIGN_CALLBACK); 3]);
    let error = login(&testbed).headless(true).prompt(prompt.clone()).run().await.unwrap_err();
    assert!(matches!(error, Error::NoCode(_)), "{error:?}");
    assert_eq!(prompt.problems().len(), 3);

    let prompt = typing(testbed.user(), [TypedInput::Text("auth_code_of_nobody"); 3]);
    let error = login(&testbed).headless(true).prompt(prompt).run().await.unwrap_err();
    assert!(matches!(&error, Error::Sdk(error) if error.is_rejected_code()), "{error:?}");
}

const WRONG_CODE: TypedInput = TypedInput::Text("auth_code_of_nobody");
const NOT_A_CODE: TypedInput = TypedInput::Text(FOREIGN_CALLBACK);
const KEY: TypedInput = TypedInput::Text("sk-or-v1-0e6f");

#[tokio::test]
async fn later_error_does_not_replace_a_rejection() {
    // P-5
    for listens in [true, false] {
        for typed in [
            &[WRONG_CODE, TypedInput::End][..],
            &[WRONG_CODE, NOT_A_CODE, TypedInput::End],
            &[NOT_A_CODE, WRONG_CODE, TypedInput::End],
            &[WRONG_CODE, TypedInput::NoTerminal],
            &[WRONG_CODE, NOT_A_CODE, NOT_A_CODE],
        ] {
            if listens && !matches!(typed, [.., TypedInput::End]) {
                // The browser can still come back.
                continue;
            }
            let testbed = testbed();
            let prompt = typing(testbed.user(), typed.iter().copied());
            let error = login(&testbed).headless(!listens).prompt(prompt).run().await.unwrap_err();
            let Error::Sdk(rejected) = &error else { panic!("{typed:?}: {error:?}") };
            assert!(rejected.is_rejected_code(), "{typed:?}: {error:?}");
            assert_eq!(rejected.api().unwrap().message().as_str(), "Invalid code");
            assert!(!error.is_outcome_unknown());
        }
    }
}

#[tokio::test]
async fn later_end_does_not_replace_text_that_is_not_a_code() {
    // P-5
    for end in [TypedInput::End, TypedInput::NoTerminal] {
        for text in [NOT_A_CODE, KEY] {
            let testbed = testbed();
            let prompt = typing(testbed.user(), [text, end]);
            let error = login(&testbed).headless(true).prompt(prompt).run().await.unwrap_err();
            assert!(matches!(error, Error::NoCode(_)), "{error:?}");
            assert_eq!(testbed.emulator().posts("/auth/keys"), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn timeout_keeps_a_rejection_as_its_source() {
    // P-5. In the last row, the browser could still come back after the third code.
    for (typed, listens) in [(&[WRONG_CODE][..], false), (&[WRONG_CODE], true), (&[WRONG_CODE; 3], true)] {
        let testbed = testbed();
        let prompt = typing(testbed.user(), typed.iter().copied());
        let login = login(&testbed).headless(!listens).timeout(Duration::from_millis(500));
        let error = login.prompt(prompt).run().await.unwrap_err();
        let Error::TimedOut { source: Some(rejected), .. } = &error else { panic!("{error:?}") };
        assert!(rejected.is_rejected_code() && !error.is_outcome_unknown(), "{error:?}");
    }
    let testbed = testbed();
    let prompt = typing(testbed.user(), [NOT_A_CODE]);
    let login = login(&testbed).headless(true).timeout(Duration::from_millis(300));
    let error = login.prompt(prompt).run().await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { source: None, .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn rejection_during_the_extra_time_is_the_source_of_the_timeout() {
    let testbed = testbed();
    testbed.emulator().inject(Fault::delay(Duration::from_millis(600)).on("/auth/keys"));
    let prompt = typing(testbed.user(), [WRONG_CODE]);
    let login = login(&testbed).headless(true).timeout(Duration::from_millis(300));
    let error = login.prompt(prompt).run().await.unwrap_err();
    let Error::TimedOut { source: Some(rejected), .. } = &error else { panic!("{error:?}") };
    assert!(rejected.is_rejected_code(), "{error:?}");
}

#[tokio::test]
async fn cancellation_after_a_rejection_is_a_cancellation() {
    let testbed = testbed();
    let (cancel, prompt) = (Cancel::new(), typing(testbed.user(), [WRONG_CODE]));
    let running = login(&testbed).headless(true).prompt(prompt.clone()).cancel(cancel.clone()).run();
    let cancelling = async {
        while prompt.problems().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cancel.cancel();
    };
    let (ended, ()) = tokio::join!(running, cancelling);
    assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn third_wrong_code_is_reported_as_an_event() {
    // P-5
    for (typed, expected) in [
        (WRONG_CODE, "this code was rejected; OpenRouter: Invalid code"),
        (KEY, "this is an API key, not a code"),
    ] {
        let testbed = testbed();
        let reported = Arc::new(Mutex::new(Vec::new()));
        let events = Arc::clone(&reported);
        let login = login(&testbed).prompt(typing(testbed.user(), [typed; 3])).on_event(move |event| {
            if let Event::StoppedAsking { problem } = event {
                events.lock().unwrap().push((*problem).to_owned());
            }
        });
        login.timeout(Duration::from_millis(500)).run().await.unwrap_err();
        let reported = reported.lock().unwrap();
        assert!(matches!(&reported[..], [problem] if problem.starts_with(expected)), "{reported:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn prompt_shows_the_message_of_each_rejection() {
    // P-5
    let testbed = testbed();
    for message in ["Invalid code_challenge_method", "\\u001b[31mExpired\\u202e"] {
        let body = format!(r#"{{"error":{{"message":"{message}","code":400}}}}"#);
        testbed
            .emulator()
            .inject(Fault::status(400).body(body).content_type("application/json").on("/auth/keys"));
    }
    let body = r#"{"error":{"code":400}}"#;
    testbed
        .emulator()
        .inject(Fault::status(400).body(body).content_type("application/json").on("/auth/keys"));
    let prompt = typing(testbed.user(), [TypedInput::Code, TypedInput::Code, TypedInput::Code]);
    login(&testbed).prompt(prompt.clone()).timeout(Duration::from_secs(1)).run().await.unwrap_err();
    let problems: Vec<_> = prompt.problems().into_iter().flatten().collect();
    assert_eq!(
        problems,
        [
            "this code was rejected; OpenRouter: Invalid code_challenge_method",
            "this code was rejected; OpenRouter: Expired",
        ]
    );
}

#[tokio::test]
async fn callback_still_counts_after_three_wrong_codes() {
    let testbed = testbed();
    let prompt = typing(testbed.user(), [TypedInput::Text(FOREIGN_CALLBACK); 3]);
    let (user, url) = (UserBrowser::approving(testbed.user()), prompt.clone());
    let asking = prompt.clone();
    tokio::spawn(async move {
        while asking.problems().len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        user.follow(&url.url().unwrap()).await
    });
    assert!(is_valid(&testbed, &login(&testbed).prompt(prompt).run().await.unwrap().key).await);
}

#[tokio::test]
async fn closed_prompt_cancels_but_a_missing_one_does_not() {
    // P-5
    let testbed = testbed();
    let closed = typing(testbed.user(), [TypedInput::End]);
    let error = login(&testbed).prompt(closed).run().await.unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error:?}");

    let missing = typing(testbed.user(), [TypedInput::NoTerminal]);
    let signed_in =
        login(&testbed).browser(UserBrowser::approving(testbed.user())).prompt(missing).run().await;
    assert!(is_valid(&testbed, &signed_in.unwrap().key).await);

    let missing = typing(testbed.user(), [TypedInput::NoTerminal]);
    let error = login(&testbed).headless(true).prompt(missing).run().await.unwrap_err();
    assert!(matches!(error, Error::NoInput(None)), "{error:?}");
    let error = login(&testbed).headless(true).run().await.unwrap_err();
    assert!(matches!(error, Error::NoInput(None)), "{error:?}");
}

#[tokio::test]
async fn taken_port_is_an_error_if_requested() {
    // L-2
    let testbed = testbed();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = login(&testbed).port(port).run().await.unwrap_err();
    assert!(matches!(error, Error::Listener(_)), "{error:?}");
    assert_eq!(testbed.emulator().requests("/auth"), 0);
}

#[tokio::test]
async fn unprocessed_code_is_retried() {
    let testbed = testbed();
    testbed.emulator().inject(Fault::status(429).header("Retry-After", "0").on("/auth/keys"));
    let user = UserBrowser::approving(testbed.user());
    let signed_in = login(&testbed).browser(user.clone()).run().await.unwrap();
    assert!(is_valid(&testbed, &signed_in.key).await);
    assert_response(&user.response().await, 200, "signed in");
    assert_eq!(testbed.emulator().posts("/auth/keys"), 2);

    for _ in 0..3 {
        testbed.emulator().inject(Fault::status(503).header("Retry-After", "0").on("/auth/keys"));
    }
    let user = UserBrowser::approving(testbed.user());
    let error = login(&testbed).browser(user.clone()).run().await.unwrap_err();
    assert!(matches!(error, Error::Sdk(SdkError::ServiceUnavailable { .. })), "{error:?}");
    assert_response(&user.response().await, 502, "not signed in");
    assert_eq!(testbed.emulator().posts("/auth/keys"), 2 + 3);
}

#[tokio::test]
async fn rejected_code_from_the_browser_ends_the_login() {
    let testbed = testbed();
    testbed.emulator().inject(Fault::status(403).on("/auth/keys"));
    let user = UserBrowser::approving(testbed.user());
    let error = login(&testbed).browser(user.clone()).run().await.unwrap_err();
    assert!(matches!(&error, Error::Sdk(SdkError::Api(_))), "{error:?}");
    assert_response(&user.response().await, 502, "not signed in");
}

#[tokio::test]
async fn unknown_outcome_is_reported_and_not_retried() {
    let testbed = testbed();
    let before = Timestamp::parse("2020-01-01T00:00:00Z").unwrap();
    for fault in [Fault::drop_after_commit(), Fault::status(500)] {
        let posts = testbed.emulator().posts("/auth/keys");
        testbed.emulator().inject(fault.on("/auth/keys"));
        let user = UserBrowser::approving(testbed.user());
        let error = login(&testbed).key_label("my-cli").browser(user.clone()).run().await.unwrap_err();
        let Error::Sdk(SdkError::OutcomeUnknown(unknown)) = &error else { panic!("{error:?}") };
        assert_eq!(unknown.key_label().unwrap().as_str(), "my-cli");
        assert!(unknown.noticed_at().is_some_and(|time| time > before));
        assert_response(&user.response().await, 502, "Sign-in may not have completed");
        assert_eq!(testbed.emulator().posts("/auth/keys"), posts + 1);
    }
}

#[tokio::test]
async fn key_that_arrives_after_cancel_is_not_lost() {
    let testbed = testbed();
    testbed.emulator().inject(Fault::delay(Duration::from_millis(400)).on("/auth/keys"));
    let cancel = Cancel::new();
    let login = login(&testbed).browser(UserBrowser::approving(testbed.user())).cancel(cancel.clone());
    let login = login.on_event(move |event| {
        if matches!(event, Event::Exchanging) {
            cancel.cancel();
        }
    });
    assert!(is_valid(&testbed, &login.run().await.unwrap().key).await);
}

#[tokio::test]
async fn second_cancel_ends_the_login_at_once() {
    let testbed = testbed();
    testbed.emulator().inject(Fault::delay(Duration::from_secs(20)).on("/auth/keys"));
    let (cancel, user) = (Cancel::new(), UserBrowser::approving(testbed.user()));
    let login = login(&testbed).browser(user.clone()).cancel(cancel.clone());
    let login = login.on_event(move |event| {
        if matches!(event, Event::Exchanging) {
            cancel.cancel();
            cancel.cancel();
        }
    });
    let error = login.run().await.unwrap_err();
    assert!(
        matches!(error, Error::OutcomeUnknown { reason: OutcomeUnknownReason::Cancelled, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("openrouter.ai/settings/keys"), "{error}");
    assert_response(&user.response().await, 502, "Sign-in may not have completed");
}

#[tokio::test]
async fn key_is_returned_even_if_it_cannot_be_stored() {
    // S-8
    let testbed = testbed();
    let user = UserBrowser::approving(testbed.user());
    let store = FailingStore { fails_to_save: true, ..FailingStore::default() };
    let signed_in: SignedIn = login(&testbed).browser(user.clone()).store(store).run().await.unwrap();
    assert!(matches!(signed_in.not_stored, Some(StoreError::Io { .. })), "{signed_in:?}");
    assert!(is_valid(&testbed, &signed_in.key).await);
    assert_response(&user.response().await, 200, "was not stored");
}

#[tokio::test]
async fn unusable_store_fails_before_a_key_is_created() {
    let testbed = testbed();
    let store = FailingStore { fails_to_load: true, ..FailingStore::default() };
    let error = login(&testbed).store(store).run().await.unwrap_err();
    assert!(matches!(error, Error::Store(_)), "{error:?}");
    assert_eq!(testbed.emulator().requests("/auth"), 0);
}

#[tokio::test]
async fn hanging_store_can_be_cancelled_and_times_out() {
    let testbed = testbed();
    let cancel = Cancel::new();
    let hanging = || FailingStore { hangs: true, ..FailingStore::default() };
    let running = login(&testbed).store(hanging()).cancel(cancel.clone()).run();
    let (ended, ()) = tokio::join!(running, async { cancel.cancel() });
    assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");

    tokio::time::pause();
    let error = login(&testbed).store(hanging()).run().await.unwrap_err();
    assert!(matches!(error, Error::Store(StoreError::Timeout { .. })), "{error:?}");
}

#[tokio::test]
async fn invalid_settings_fail_before_anything_happens() {
    let testbed = testbed();
    let label = "x".repeat(101);
    for login in [
        login(&testbed).key_label(label.as_str()),
        login(&testbed).limit(f64::NAN),
        login(&testbed).workspace_id("not a workspace"),
        login(&testbed).required_workspace_id(""),
        login(&testbed).account(" work"),
    ] {
        let error = login.run().await.unwrap_err();
        assert!(matches!(error, Error::Sdk(SdkError::Invalid(_))), "{error:?}");
    }
}

#[tokio::test]
async fn login_dropped_after_any_poll_leaves_nothing() {
    // C-28, F50: after each poll up to the last. Hooks learn of a request that is dropped in flight.
    let (mut polls, mut reported_drops) = (0, 0);
    loop {
        let abandoned = AbandonedCounter::default();
        let emulator = Emulator::new();
        let service = emulator.clone();
        // Each response takes several polls.
        let transport = from_fn(move |request, limits| {
            let service = service.clone();
            async move {
                let response = service.send(request, limits).await;
                for _ in 0..5 {
                    tokio::task::yield_now().await;
                }
                response
            }
        });
        let client = Client::builder().transport(transport).timer(TokioTimer::new());
        let client = client.hook(abandoned.clone()).build().unwrap();
        let user = UserBrowser::approving(&User::new(emulator.clone()));
        let port = Arc::new(Mutex::new(0));
        let listening_port = Arc::clone(&port);
        let login = Login::new(&client).headless(false).browser(user).on_event(move |event| {
            if let Event::Listening { port } = event {
                *listening_port.lock().unwrap() = *port;
            }
        });
        let login = login.prompt(typing(&User::new(emulator.clone()), [])).store(MemoryStore::default());
        let is_over = poll_times(login.run(), polls).await;
        let port = *port.lock().unwrap();
        if port != 0 {
            TcpListener::bind(("127.0.0.1", port)).unwrap();
        }
        let times = abandoned.0.load(Ordering::Relaxed);
        assert!(times == 0 || (times == 1 && emulator.posts("/auth/keys") == 1 && !is_over));
        reported_drops += times;
        polls += 1;
        if is_over {
            break;
        }
    }
    assert!(polls > 3 && reported_drops > 0, "{polls} polls, {reported_drops} drops in flight");
}

/// Counts the exchanges that were dropped in flight.
#[derive(Clone, Debug, Default)]
struct AbandonedCounter(Arc<AtomicUsize>);

impl Hook for AbandonedCounter {
    fn abandoned(&self, _attempt: &Attempt) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls a future this many times, lets other tasks run after each poll, and drops the future. Returns whether it was
/// ready.
async fn poll_times(future: impl Future, times: usize) -> bool {
    let mut future = pin!(future);
    for _ in 0..times {
        if poll_once(future.as_mut()).await {
            return true;
        }
    }
    false
}

/// Polls once, and lets other tasks run. Returns whether the future was ready.
async fn poll_once(future: Pin<&mut impl Future>) -> bool {
    let is_over = future.poll(&mut Context::from_waker(Waker::noop())).is_ready();
    tokio::time::sleep(Duration::from_millis(2)).await;
    is_over
}

#[tokio::test]
async fn running_exchange_outlives_the_login_timeout() {
    let testbed = testbed();
    // Outlives the timeout, but not the extra time after it, if the browser comes back within 29 seconds.
    testbed.emulator().inject(Fault::delay(Duration::from_secs(301)).on("/auth/keys"));
    let client = Client::builder().transport(testbed.emulator().clone()).timer(TokioTimer::new());
    let late = login_with(&client.without_deadline().build().unwrap()).timeout(Duration::from_secs(300));
    let late = late.browser(UserBrowser::approving(testbed.user())).on_event(|event| {
        if matches!(event, Event::Exchanging) {
            tokio::time::pause();
        }
    });
    assert!(is_valid(&testbed, &late.run().await.unwrap().key).await);
}

#[tokio::test(start_paused = true)]
async fn endless_exchange_is_an_unknown_outcome() {
    let emulator = Emulator::new();
    emulator.inject(Fault::delay(Duration::from_secs(600)).on("/auth/keys"));
    let client = Client::builder().transport(emulator.clone()).timer(TokioTimer::new()).without_deadline();
    let client = client.build().unwrap();
    let prompt = typing(&User::new(emulator.clone()), [TypedInput::Code]);
    let login = Login::new(&client).key_label("my-cli").no_browser().headless(true).prompt(prompt);
    let error = login.timeout(Duration::from_secs(60)).run().await.unwrap_err();
    let Error::OutcomeUnknown { reason: OutcomeUnknownReason::TimedOut, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(error.is_outcome_unknown());
    let text = error.to_string();
    assert!(text.contains("\"my-cli\"") && text.contains("openrouter.ai/settings/keys"), "{text}");
    assert_eq!(emulator.posts("/auth/keys"), 1);
}

#[tokio::test]
async fn status_503_without_retry_after_is_not_retried() {
    // A1: a key may have been created.
    let testbed = testbed();
    testbed.emulator().inject(Fault::status(503).on("/auth/keys"));
    let error = login(&testbed).browser(UserBrowser::approving(testbed.user())).run().await.unwrap_err();
    assert!(matches!(error, Error::Sdk(SdkError::OutcomeUnknown(_))), "{error:?}");
    assert_eq!(testbed.emulator().posts("/auth/keys"), 1);
}

#[tokio::test]
async fn rejection_by_a_proxy_ends_the_login() {
    // A1: it says nothing about the code, so the user is not asked for another one.
    let testbed = testbed();
    testbed.emulator().inject(Fault::status(403).body("<html>Access denied</html>").on("/auth/keys"));
    let prompt = typing(testbed.user(), [TypedInput::Code, TypedInput::Code]);
    let error = login(&testbed).headless(true).prompt(prompt).run().await.unwrap_err();
    assert!(matches!(&error, Error::Sdk(error) if error.may_have_acted()), "{error:?}");
    assert!(error.to_string().contains("a key may have been created"), "{error}");
    assert_eq!(testbed.emulator().posts("/auth/keys"), 1);
}

#[tokio::test]
async fn login_does_not_wait_past_its_timeout() {
    // C-24
    let testbed = testbed();
    testbed.emulator().inject(Fault::status(429).header("Retry-After", "600").on("/auth/keys"));
    let error = login(&testbed).browser(UserBrowser::approving(testbed.user())).run().await.unwrap_err();
    assert!(matches!(error, Error::Sdk(SdkError::RateLimited { .. })), "{error:?}");
}

#[tokio::test]
async fn rejection_after_a_requested_wait_is_an_ordinary_one() {
    // A1: 429, and 503 with `Retry-After`, prove that the request was not processed, so no key can exist.
    for typed in [None, Some(TypedInput::Code)] {
        let testbed = testbed();
        testbed.emulator().inject(Fault::status(429).header("Retry-After", "0").on("/auth/keys"));
        testbed.emulator().inject(Fault::status(403).on("/auth/keys"));
        let prompt = typing(testbed.user(), typed);
        let login = if typed.is_none() {
            login(&testbed).browser(UserBrowser::approving(testbed.user()))
        } else {
            // Nothing but the timeout ends this login.
            tokio::time::pause();
            login(&testbed).headless(true)
        };
        let error = login.prompt(prompt.clone()).run().await.unwrap_err();
        let rejected = match &error {
            // The user could paste another code.
            Error::TimedOut { source: Some(error), .. } if typed.is_some() => error,
            Error::Sdk(error) if typed.is_none() => error,
            _ => panic!("{error:?}"),
        };
        assert!(rejected.is_rejected_code() && !error.is_outcome_unknown(), "{error:?}");
        assert_eq!(prompt.problems().len(), if typed.is_some() { 2 } else { 1 });
    }
}

#[tokio::test]
async fn panic_of_the_program_loses_no_key() {
    let testbed = testbed();
    let login = login(&testbed).browser(UserBrowser::approving(testbed.user()));
    let login = login
        .on_event(|event| assert!(!matches!(event, Event::Granted { .. }), "the program fails to print"));
    assert!(is_valid(&testbed, &login.run().await.unwrap().key).await);
}

#[tokio::test]
async fn callback_during_a_failing_exchange_is_accepted() {
    // P-6: the first correct code wins.
    let testbed = testbed();
    let (client, response) = client_with_held_responses(testbed.emulator());
    let prompt = typing(testbed.user(), [TypedInput::Text("auth_code_of_nobody")]);
    let (user, shown) = (UserBrowser::approving(testbed.user()), prompt.clone());
    let coming = async {
        wait_for_exchange(testbed.emulator()).await;
        user.follow(&shown.url().unwrap()).await
    };
    let failing = async {
        wait_for_exchange(testbed.emulator()).await;
        let_callback_arrive().await;
        response.close();
    };
    let (signed_in, page, ()) = tokio::join!(login_with(&client).prompt(prompt).run(), coming, failing);
    assert!(is_valid(&testbed, &signed_in.unwrap().key).await);
    assert_response(&page.unwrap(), 200, "signed in");
}

#[test]
fn login_without_a_runtime_returns_an_error() {
    // F51
    let testbed = testbed();
    let mut running = pin!(login(&testbed).run());
    let Poll::Ready(Err(error)) = running.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the login waits for a missing runtime")
    };
    assert!(matches!(error, Error::NoRuntime(_)), "{error:?}");
}

#[tokio::test]
async fn late_callback_starts_no_second_exchange() {
    // L-12
    let testbed = testbed();
    let (client, response) = client_with_held_responses(testbed.emulator());
    let prompt = typing(testbed.user(), [TypedInput::Code]);
    let url = prompt.clone();
    let user = UserBrowser::approving(testbed.user());
    let late = async {
        wait_for_exchange(testbed.emulator()).await;
        user.follow(&url.url().unwrap()).await
    };
    let succeeding = async {
        wait_for_exchange(testbed.emulator()).await;
        let_callback_arrive().await;
        response.close();
    };
    let (signed_in, late, ()) = tokio::join!(login_with(&client).prompt(prompt).run(), late, succeeding);
    assert!(is_valid(&testbed, &signed_in.unwrap().key).await);
    assert_response(&late.unwrap(), 410, "");
    assert_eq!(testbed.emulator().posts("/auth/keys"), 1);
}

#[tokio::test]
async fn only_the_callback_ends_the_login() {
    // L-6, L-11
    let testbed = testbed();
    let prompt = typing(testbed.user(), []);
    let shown = prompt.clone();
    let running = tokio::spawn(login(&testbed).prompt(prompt).run());
    while shown.url().is_none() {
        tokio::task::yield_now().await;
    }
    let url = shown.url().unwrap();
    let callback = openrouter_oauth_tests::query::parameter(&url, "callback_url");
    let origin = callback.split("/callback").next().unwrap().to_owned();
    for path in ["/", "/cancel", "/success", "/callback?error=access_denied", "/callback/x?code=auth_code_1"]
    {
        assert_response(&get(&format!("{origin}{path}")).await.unwrap(), 404, "");
    }
    assert_response(&get(&format!("{callback}?code=auth_code_1&state=wrong")).await.unwrap(), 400, "");
    let user = UserBrowser::approving(testbed.user());
    assert_response(&user.follow(&url).await.unwrap(), 200, "signed in");
    assert!(is_valid(&testbed, &running.await.unwrap().unwrap().key).await);
}

/// A store that can fail or hang.
#[derive(Debug, Default)]
struct FailingStore {
    hangs: bool,
    fails_to_load: bool,
    fails_to_save: bool,
}

impl FailingStore {
    fn result<T>(fails: bool, value: T) -> Result<T, StoreError> {
        let error = std::io::ErrorKind::StorageFull.into();
        if fails {
            Err(StoreError::Io { path: "keys".into(), verb: "written", source: error })
        } else {
            Ok(value)
        }
    }
}

impl KeyStore for FailingStore {
    fn load<'a>(&'a self, _account: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        Box::pin(async {
            if self.hangs {
                std::future::pending::<()>().await;
            }
            Self::result(self.fails_to_load, None)
        })
    }

    fn save<'a>(&'a self, _account: &'a Account, _key: &'a ApiKey) -> StoreFuture<'a, ()> {
        Box::pin(async { Self::result(self.fails_to_save, ()) })
    }

    fn delete<'a>(&'a self, _account: &'a Account) -> StoreFuture<'a, bool> {
        Box::pin(async { Ok(false) })
    }
}
