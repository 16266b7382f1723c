//! Logins that return the stored key if they can.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use openrouter_oauth::{
    ApiKey, Client, Error as SdkError, KeyLinks, RejectionReason, transport_hyper::TokioTimer,
};
use openrouter_oauth_emulator::{Fault, GatewayResponse, Settings};
use openrouter_oauth_login::{
    Account, Cancel, Ensured, Error, FileStore, KeyStore, Login, MemoryStore, SignInLock, SignedIn,
    StoreError, StoreFuture,
};
use openrouter_oauth_tests::{
    testbed::Testbed,
    user::{TypedInput, UserBrowser, typing},
};
use openrouter_oauth_transport::{Error as TransportError, ErrorKind, from_fn};

/// A testbed with a stored key.
struct StoredKey {
    testbed: Testbed,
    store: Arc<MemoryStore>,
    account: Account,
    key: ApiKey,
}

impl StoredKey {
    /// Stores a key that OpenRouter accepts.
    async fn valid() -> Self {
        let testbed = Testbed::in_memory(Settings::default());
        let key = ApiKey::parse(&testbed.emulator().issue_management_key()).unwrap();
        Self::new(testbed, key).await
    }

    /// Stores a key that its user has deleted.
    async fn revoked() -> Self {
        Self::new(Testbed::in_memory(Settings::default()), ApiKey::parse("sk-or-v1-revoked").unwrap()).await
    }

    async fn new(testbed: Testbed, key: ApiKey) -> Self {
        let (store, account) = (Arc::new(MemoryStore::default()), Account::new(testbed.client()));
        store.save(&account, &key).await.unwrap();
        Self { testbed, store, account, key }
    }

    fn login(&self) -> Login {
        login(&self.testbed).store(Arc::clone(&self.store))
    }

    /// Checks that the login did not sign in.
    #[track_caller]
    fn assert_signed_in_never(&self) {
        assert_eq!(self.testbed.emulator().requests("/auth"), 0, "the login asked the user");
        assert_eq!(self.testbed.emulator().posts("/auth/keys"), 0);
    }
}

/// A login whose user approves at once and pastes the code.
fn login(testbed: &Testbed) -> Login {
    let user = typing(testbed.user(), [TypedInput::Code]);
    Login::new(testbed.client()).headless(true).prompt(user).timeout(Duration::from_secs(60))
}

fn signed_in(ensured: Ensured) -> SignedIn {
    match ensured {
        Ensured::SignedIn(signed_in) => signed_in,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn user_signs_in_once() {
    let testbed = Testbed::in_memory(Settings::default());
    let store = Arc::new(MemoryStore::default());
    let new =
        signed_in(login(&testbed).key_label("my-cli").store(Arc::clone(&store)).ensure().await.unwrap());
    assert!(new.not_stored.is_none() && new.replaced.is_none() && new.user_id.is_some(), "{new:?}");
    for _ in 0..2 {
        let ensured = login(&testbed).store(Arc::clone(&store)).ensure().await.unwrap();
        assert_eq!(*ensured.key(), new.key);
        let Ensured::Accepted { key, info, .. } = ensured else { panic!("{ensured:?}") };
        assert_eq!((key, info.label.as_deref()), (new.key.clone(), Some("my-cli")));
    }
    assert_eq!(testbed.emulator().posts("/auth/keys"), 1);
}

#[tokio::test]
async fn revoked_key_is_replaced_and_named() {
    let stored = StoredKey::revoked().await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let reported = Arc::clone(&events);
    let login = stored.login().on_event(move |event| {
        let name = format!("{event:?}");
        reported.lock().unwrap().push(name.split(['(', ' ']).next().unwrap().to_owned());
    });
    let new = signed_in(login.ensure().await.unwrap());
    assert_eq!(new.replaced, Some(KeyLinks::new(&stored.key)));
    assert_eq!(stored.store.load(&stored.account).await.unwrap(), Some(new.key));
    assert_eq!(events.lock().unwrap().join(" "), "StoredKeyRejected Url Waiting Exchanging Granted Stored");
}

#[tokio::test]
async fn response_that_is_no_verdict_leaves_the_key_unchecked() {
    let limit = r#"{"error":{"message":"Key limit exceeded (total limit).","code":403}}"#;
    for (fault, reason) in [
        (
            Fault::status(403).content_type("text/html").body("<!DOCTYPE html>"),
            RejectionReason::NotFromOpenRouter,
        ),
        (Fault::status(401).content_type("text/html").body("<html>"), RejectionReason::NotFromOpenRouter),
        (Fault::status(403).body(limit), RejectionReason::Forbidden),
        (Fault::status(404), RejectionReason::NotFound),
    ] {
        let stored = StoredKey::valid().await;
        stored.testbed.emulator().inject(fault.on("/key"));
        let ensured = stored.login().ensure().await.unwrap();
        assert_eq!(*ensured.key(), stored.key);
        let Ensured::Unchecked { error, .. } = &ensured else { panic!("{ensured:?}") };
        assert_eq!(error.api().unwrap().reason(), reason);
        stored.assert_signed_in_never();
        assert_eq!(ensured.into_key(), stored.key);
    }

    let stored = StoredKey::valid().await;
    let portal = Fault::status(200).content_type("text/html").body("<html>Welcome</html>");
    stored.testbed.emulator().inject(portal.on("/key"));
    let ensured = stored.login().ensure().await.unwrap();
    let Ensured::Unchecked { error: SdkError::UnexpectedResponse(_), .. } = ensured else {
        panic!("{ensured:?}")
    };
    stored.assert_signed_in_never();
}

#[tokio::test(start_paused = true)]
async fn page_of_a_gateway_leaves_the_key_unchecked() {
    // A1
    for &gateway in GatewayResponse::ALL {
        let stored = StoredKey::valid().await;
        // The check is retried.
        for _ in 0..10 {
            stored.testbed.emulator().inject(Fault::gateway(gateway).on("/key"));
        }
        let ensured = stored.login().ensure().await.unwrap();
        let Ensured::Unchecked { error, .. } = &ensured else { panic!("{gateway:?}: {ensured:?}") };
        assert!(!error.is_unauthorized(), "{gateway:?}: {error}");
        assert_eq!(
            stored.store.load(&stored.account).await.unwrap(),
            Some(ensured.into_key()),
            "{gateway:?}"
        );
        stored.assert_signed_in_never();
    }
}

#[tokio::test]
async fn unreachable_service_leaves_the_key_unchecked() {
    type IsExpected = fn(&SdkError) -> bool;
    let cases: [(ErrorKind, IsExpected); 5] = [
        (ErrorKind::Connect, |error| matches!(error, SdkError::NotSent(_))),
        (ErrorKind::Proxy, |error| matches!(error, SdkError::NotSent(_))),
        (ErrorKind::Tls, |error| matches!(error, SdkError::Tls(_))),
        (ErrorKind::ProxyAuth, |error| matches!(error, SdkError::ProxyAuthRequired(_))),
        (ErrorKind::Io, |error| matches!(error, SdkError::NoResponse(_))),
    ];
    tokio::time::pause();
    for (kind, is_expected) in cases {
        let offline = from_fn(move |_, _| async move { Err(TransportError::from(kind)) });
        let client = Client::builder().transport(offline).timer(TokioTimer::new()).build().unwrap();
        let (store, key) = (MemoryStore::default(), ApiKey::parse("sk-or-v1-0e6f").unwrap());
        store.save(&Account::new(&client), &key).await.unwrap();
        let ensured = Login::new(&client).no_browser().no_prompt().store(store).ensure().await.unwrap();
        assert_eq!(*ensured.key(), key);
        let Ensured::Unchecked { error, .. } = &ensured else { panic!("{ensured:?}") };
        assert!(is_expected(error), "{kind:?} {error:?}");
    }
}

#[tokio::test]
async fn check_of_the_key_is_bounded() {
    let silent = from_fn(|_, _| std::future::pending::<Result<_, TransportError>>());
    let client =
        Client::builder().transport(silent).timer(TokioTimer::new()).without_deadline().build().unwrap();
    let (store, key) = (MemoryStore::default(), ApiKey::parse("sk-or-v1-0e6f").unwrap());
    store.save(&Account::new(&client), &key).await.unwrap();
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    let ensured = Login::new(&client).no_browser().no_prompt().store(store).ensure().await.unwrap();
    let Ensured::Unchecked { error: SdkError::NoResponse(_), .. } = ensured else { panic!("{ensured:?}") };
    assert!(start.elapsed() < Duration::from_secs(11), "{:?}", start.elapsed());
}

#[tokio::test]
async fn login_without_a_store_cannot_ensure_a_key() {
    let testbed = Testbed::in_memory(Settings::default());
    let error = login(&testbed).ensure().await.unwrap_err();
    assert!(
        matches!(&error, Error::Sdk(SdkError::Invalid(invalid)) if invalid.to_string().contains("store")),
        "{error:?}"
    );
    assert_eq!(testbed.emulator().requests("/auth"), 0);
}

#[tokio::test]
async fn login_waits_for_another_sign_in() {
    let testbed = Testbed::in_memory(Settings::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys/cli.json");
    let account = Account::new(testbed.client());
    // Another open file, as another program has it.
    let other = FileStore::new(&path);
    let lock = other.lock_sign_in(&account).await.unwrap();
    assert!(lock.is_some() && other.lock_sign_in(&account).await.unwrap().is_none());

    // It can be cancelled, and ends by its timeout.
    let cancel = Cancel::new();
    let waiting = login(&testbed).store(FileStore::new(&path)).cancel(cancel.clone()).ensure();
    let (ended, ()) = tokio::join!(waiting, async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    });
    assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
    let timeout = Duration::from_millis(300);
    let error = login(&testbed).store(FileStore::new(&path)).timeout(timeout).ensure().await.unwrap_err();
    assert!(matches!(error, Error::OtherSignIn { after } if after == timeout), "{error:?}");

    // It finds the key of the other program.
    let key = ApiKey::parse(&testbed.emulator().issue_management_key()).unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let reported = Arc::clone(&events);
    let login = login(&testbed).store(FileStore::new(&path)).on_event(move |event| {
        reported.lock().unwrap().push(format!("{event:?}"));
    });
    let mut waiting = pin!(login.ensure());
    let early = tokio::time::timeout(Duration::from_millis(300), waiting.as_mut()).await;
    assert!(early.is_err(), "{early:?}");
    other.save(&account, &key).await.unwrap();
    drop(lock);
    let ensured = waiting.await.unwrap();
    assert!(matches!(&ensured, Ensured::Accepted { key: found, .. } if *found == key), "{ensured:?}");
    assert_eq!(*events.lock().unwrap(), ["OtherSignIn"]);
    assert_eq!(testbed.emulator().posts("/auth/keys"), 0);
}

/// A store that panics.
#[derive(Debug)]
enum PanickingStore {
    /// In the method, before it returns a future.
    Save,
    /// In the future.
    SaveLater,
    Load,
    Check,
    LockSignIn,
}

impl KeyStore for PanickingStore {
    fn load<'a>(&'a self, _: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        assert!(!matches!(self, Self::Load), "a bug in the store");
        Box::pin(async { Ok(None) })
    }

    fn save<'a>(&'a self, _: &'a Account, _: &'a ApiKey) -> StoreFuture<'a, ()> {
        assert!(!matches!(self, Self::Save), "a bug in the store");
        Box::pin(async {
            tokio::task::yield_now().await;
            assert!(!matches!(self, Self::SaveLater), "a bug in the store");
            Ok(())
        })
    }

    fn delete<'a>(&'a self, _: &'a Account) -> StoreFuture<'a, bool> {
        Box::pin(async { Ok(false) })
    }

    fn check<'a>(&'a self, _: &'a Account) -> StoreFuture<'a, ()> {
        assert!(!matches!(self, Self::Check), "a bug in the store");
        Box::pin(async { Ok(()) })
    }

    fn lock_sign_in<'a>(&'a self, _: &'a Account) -> StoreFuture<'a, Option<SignInLock>> {
        assert!(!matches!(self, Self::LockSignIn), "a bug in the store");
        Box::pin(async { Ok(Some(SignInLock::new(()))) })
    }
}

#[tokio::test]
async fn panicking_store_loses_no_key() {
    // S-8
    for store in [PanickingStore::Save, PanickingStore::SaveLater] {
        let testbed = Testbed::in_memory(Settings::default());
        let user = UserBrowser::approving(testbed.user());
        let login =
            Login::new(testbed.client()).headless(false).no_prompt().browser(user.clone()).store(store);
        let new = signed_in(login.ensure().await.unwrap());
        assert!(matches!(new.not_stored, Some(StoreError::Unavailable { .. })), "{new:?}");
        assert!(testbed.client().with_key(new.key).current_key().await.is_ok());
        let page = user.response().await;
        assert!(page.contains("was not stored"), "{page}");
    }
    for store in [PanickingStore::Load, PanickingStore::Check, PanickingStore::LockSignIn] {
        let testbed = Testbed::in_memory(Settings::default());
        let error = login(&testbed).store(store).ensure().await.unwrap_err();
        assert!(matches!(error, Error::Store(StoreError::Unavailable { .. })), "{error:?}");
        assert_eq!(testbed.emulator().requests("/auth"), 0);
    }
}

/// A store that can load keys but not save them.
#[derive(Debug)]
struct ReadOnlyStore;

impl KeyStore for ReadOnlyStore {
    fn load<'a>(&'a self, _: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        Box::pin(async { Ok(None) })
    }

    fn save<'a>(&'a self, _: &'a Account, _: &'a ApiKey) -> StoreFuture<'a, ()> {
        panic!("the store is not asked to save")
    }

    fn delete<'a>(&'a self, _: &'a Account) -> StoreFuture<'a, bool> {
        Box::pin(async { Ok(false) })
    }

    fn check<'a>(&'a self, _: &'a Account) -> StoreFuture<'a, ()> {
        let source = std::io::ErrorKind::PermissionDenied.into();
        Box::pin(async { Err(StoreError::Io { path: "keys".into(), verb: "written", source }) })
    }
}

#[tokio::test]
async fn failed_store_check_ends_the_login_before_the_browser() {
    let testbed = Testbed::in_memory(Settings::default());
    let user = UserBrowser::approving(testbed.user());
    let login = || {
        let login = Login::new(testbed.client()).headless(false).no_prompt().browser(user.clone());
        // The two pointers are stores too.
        login.store(Arc::new(Box::new(ReadOnlyStore)))
    };
    for error in [login().run().await.unwrap_err(), login().ensure().await.unwrap_err()] {
        assert!(matches!(error, Error::Store(StoreError::Io { .. })), "{error:?}");
    }
    assert!(user.response_so_far().is_none());
    assert_eq!(testbed.emulator().requests("/auth"), 0);
}
