//! Keychains that hang, fail, or panic. `tests/keychain` tests a real one.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, mpsc},
    task::Poll,
    thread,
    time::Instant,
};

use openrouter_oauth::Client;

use super::*;

/// A keychain that returns the same result for every call.
struct StubKeychain<F>(F);

impl<F: Fn(&Entry) -> keyring::Result<Vec<u8>> + Send + 'static> Keychain for StubKeychain<F> {
    fn get(&self, entry: &Entry) -> keyring::Result<Vec<u8>> {
        (self.0)(entry)
    }

    fn set(&self, entry: &Entry, _: &[u8]) -> keyring::Result<()> {
        (self.0)(entry).map(drop)
    }

    fn delete(&self, entry: &Entry) -> keyring::Result<()> {
        (self.0)(entry).map(drop)
    }
}

fn store(result: impl Fn(&Entry) -> keyring::Result<Vec<u8>> + Send + 'static) -> KeychainStore {
    KeychainStore::over(StubKeychain(result), "my-cli").unwrap()
}

fn account(name: &str) -> Account {
    let client = Client::builder().base_url("https://openrouter.ai").build().unwrap();
    Account::new(&client).named(name).unwrap()
}

fn key() -> ApiKey {
    ApiKey::parse("sk-or-v1-canary").unwrap()
}

#[tokio::test]
async fn hanging_keychain_times_out_after_three_seconds() {
    // S-5, F54
    let (release, released) = mpsc::channel::<()>();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let hanging = store({
        let asked = Arc::clone(&asked);
        move |entry| {
            asked.lock().unwrap().push(entry.user.clone());
            let _ = released.recv();
            Ok(vec![])
        }
    });
    let start = Instant::now();
    let mut ticks = 0;
    let (first, second) = (account("first"), account("second"));
    let key = key();
    let mut both = Box::pin(async { tokio::join!(hanging.save(&first, &key), hanging.save(&second, &key)) });
    let errors = loop {
        tokio::select! {
            errors = &mut both => break errors,
            () = tokio::time::sleep(Duration::from_millis(50)) => ticks += 1,
        }
    };
    let waited = start.elapsed();
    assert!((DEADLINE..DEADLINE * 5).contains(&waited), "{waited:?}");
    assert!(ticks > 5, "the runtime is blocked: {ticks}");
    for error in [errors.0.unwrap_err(), errors.1.unwrap_err()] {
        assert!(matches!(error, StoreError::Timeout { .. }), "{error:?}");
    }
    // A call whose caller has stopped waiting does not start.
    release.send(()).unwrap();
    drop(release);
    hanging.save(&account("third"), &key).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), ["first", "third"]);
}

#[test]
fn hanging_keychain_does_not_delay_shutdown() {
    // S-5
    let hanging = store(|_| {
        thread::sleep(Duration::from_secs(3600));
        Ok(vec![])
    });
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let start = Instant::now();
    let account = account("default");
    runtime.block_on(async {
        let mut load = hanging.load(&account);
        poll_fn(|context| {
            assert!(load.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    });
    drop(runtime);
    drop(hanging);
    assert!(start.elapsed() < Duration::from_secs(600));
}

/// Checks that each method returns the expected error, which does not show the stored data.
async fn check(error: fn() -> Error, is_expected: fn(&StoreError) -> bool) {
    let (store, account) = (store(move |_| Err(error())), account("default"));
    for error in [
        store.load(&account).await.unwrap_err(),
        store.save(&account, &key()).await.unwrap_err(),
        store.delete(&account).await.unwrap_err(),
        store.check(&account).await.unwrap_err(),
    ] {
        assert!(is_expected(&error), "{error:?}");
        let source = std::error::Error::source(&error).map(|source| format!("{source} {source:?}"));
        assert!(!format!("{error} {error:?} {source:?}").contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn keychain_error_does_not_show_the_secret() {
    // F54
    fn unlock(error: &StoreError) -> bool {
        matches!(error, StoreError::Unavailable { next, .. } if next.contains("unlock"))
    }
    fn broken(error: &StoreError) -> bool {
        matches!(error, StoreError::Unavailable { next, .. } if next.contains("runs"))
    }
    fn not_ours(error: &StoreError) -> bool {
        matches!(error, StoreError::Corrupt { .. })
    }
    check(|| Error::NoStorageAccess("locked".into()), unlock).await;
    check(|| Error::NoStorageAccess("denied".into()), unlock).await;
    check(|| Error::NoDefaultStore, broken).await;
    check(|| Error::PlatformFailure("no bus".into()), broken).await;
    check(|| Error::TooLong("password".into(), 2560), broken).await;
    check(|| Error::NotSupportedByStore("that".into()), broken).await;
    check(|| Error::BadEncoding(b"canary".to_vec()), not_ours).await;
    check(|| Error::BadDataFormat(b"canary".to_vec(), "canary".into()), not_ours).await;
    check(|| Error::BadStoreFormat("canary".into()), not_ours).await;
    check(|| Error::Ambiguous(vec![]), not_ours).await;
}

#[tokio::test]
async fn item_that_is_not_a_key_is_not_shown() {
    // F54
    for secret in [&b""[..], b"\xff\xfe", b"canary canary", &[b'k'; 513], &vec![b'k'; 10 << 20]] {
        let secret = secret.to_vec();
        let store = store(move |_| Ok(secret.clone()));
        let error = store.load(&account("default")).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn check_writes_and_deletes_an_item_of_its_own() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let store = store({
        let asked = Arc::clone(&asked);
        move |entry| {
            asked.lock().unwrap().push((entry.service.clone(), entry.user.clone()));
            // Another program's check has deleted it.
            if asked.lock().unwrap().len() == 2 { Err(Error::NoEntry) } else { Ok(vec![]) }
        }
    });
    store.check(&account("work")).await.unwrap();
    let item = ("my-cli:check".to_owned(), "check".to_owned());
    assert_eq!(*asked.lock().unwrap(), [item.clone(), item]);
}

#[tokio::test]
async fn panicking_keychain_fails_every_call() {
    // C-27, F54
    let store = store(|_| panic!("a bug in the keychain"));
    for _ in 0..2 {
        let error = store.load(&account("default")).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn item_belongs_to_one_program_service_and_account() {
    // S-10
    let asked = Arc::new(Mutex::new(Vec::new()));
    let store = store({
        let asked = Arc::clone(&asked);
        move |entry| {
            asked.lock().unwrap().push((entry.service.clone(), entry.user.clone()));
            Err(Error::NoEntry)
        }
    });
    assert_eq!(store.load(&account("work")).await.unwrap(), None);
    assert!(!store.delete(&account("home")).await.unwrap());
    let service = "my-cli:https://openrouter.ai";
    assert_eq!(*asked.lock().unwrap(), [(service.into(), "work".into()), (service.into(), "home".into())]);
    for bad in ["", "my:cli", "a b", "../evil"] {
        assert!(KeychainStore::new(bad).is_err(), "{bad}");
    }
}

#[test]
fn missing_runtime_is_an_error() {
    // F51
    let (store, account) = (store(|_| Ok(vec![])), account("default"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(result) = store.load(&account).as_mut().poll(&mut context) else { panic!() };
    assert!(matches!(result, Err(StoreError::Unavailable { .. })));
}
