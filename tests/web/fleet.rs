//! Two and three instances of an application behind a proxy, with shared claims on real servers.
//!
//! This is the table that ruled out a session for pending sign-ins.

use std::time::Duration;

use http::StatusCode;
use openrouter_oauth_emulator::Fault;
use openrouter_oauth_tests::servers::{Redis, Switch};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    app::{ClaimServer, Fleet, Store, key},
    browser::{Browser, Page},
    wait::wait_until,
};

const FINISHED: &str = "This sign-in has ended";
const NOT_YOURS: &str = "This sign-in cannot continue here";
const TOO_LONG: &str = "The sign-in took too long";
const TRY_AGAIN: &str = "Please try again";
const STILL_RUNNING: &str = "Please wait";
const UNKNOWN: &str = "The sign-in may not have completed";

#[track_caller]
fn assert_shows(page: &Page, title: &str) {
    assert!(page.body.contains(title), "{title}: {page:?}");
    page.assert_hardened("no-referrer");
}

#[track_caller]
fn assert_connected(page: &Page) {
    assert_eq!(page.body, "your settings", "{page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_begun_at_once_all_come_back() {
    // W-1, W-13
    for server in ClaimServer::all() {
        for (instances, tabs) in [(2, 2), (2, 5), (3, 2), (3, 5)] {
            let fleet = Fleet::of(instances, server.store()).await;
            let browser = fleet.browser("alice");
            for round in 1..=10 {
                come_back(&fleet, &browser, tabs).await;
                assert_eq!((fleet.stored().len(), fleet.exchanges()), (round * tabs, round * tabs));
            }
        }
    }
}

/// Begins this many sign-ins at once, approves them, and opens their callbacks at once.
async fn come_back(fleet: &Fleet, browser: &Browser, tabs: usize) {
    let mut begun = JoinSet::new();
    for _ in 0..tabs {
        let tab = browser.clone();
        begun.spawn(async move { tab.begin().await });
    }
    let mut opened = JoinSet::new();
    for url in begun.join_all().await {
        let (tab, callback) = (browser.clone(), fleet.approve(&url).await);
        opened.spawn(async move { tab.open(&callback).await });
    }
    for page in opened.join_all().await {
        assert_connected(&page);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixth_tab_expires_the_oldest() {
    for server in ClaimServer::all() {
        let fleet = Fleet::start(server.store()).await;
        let browser = fleet.browser("alice");
        let mut callbacks = Vec::new();
        for _ in 0..6 {
            callbacks.push(fleet.begin_and_approve(&browser).await);
            fleet.settings.clock.advance(1);
        }
        assert_eq!(browser.attempts(), 5);
        let oldest = browser.open(&callbacks[0]).await;
        assert_eq!(oldest.status, StatusCode::NOT_FOUND);
        assert_shows(&oldest, NOT_YOURS);
        assert!(oldest.body.contains(">Start again</a>"), "{oldest:?}");
        for callback in &callbacks[1..] {
            assert_connected(&browser.open(callback).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callback_opened_ten_times_at_once_is_exchanged_once() {
    // W-3
    for server in ClaimServer::all() {
        let fleet = Fleet::start(server.store()).await;
        for round in 1..=10 {
            let browser = fleet.browser("alice");
            let callback = fleet.begin_and_approve(&browser).await;
            let mut opened = JoinSet::new();
            for _ in 0..10 {
                let (tab, callback) = (browser.clone(), callback.clone());
                opened.spawn(async move { tab.open(&callback).await });
            }
            let pages = opened.join_all().await;
            let connected = pages.iter().filter(|page| page.body == "your settings").count();
            let finished = pages.iter().filter(|page| page.body.contains(FINISHED)).count();
            assert_eq!((connected, finished), (1, 9), "{pages:?}");
            assert_eq!((fleet.exchanges(), fleet.stored().len()), (round, round));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn good_callback_in_another_browser_sends_nothing() {
    // W-2
    for server in ClaimServer::all() {
        let fleet = Fleet::start(server.store()).await;
        let (browser, other) = (fleet.browser("alice"), fleet.browser("alice"));
        let callback = fleet.begin_and_approve(&browser).await;
        other.begin().await;
        assert_shows(&other.open(&callback).await, NOT_YOURS);
        assert_eq!(fleet.exchanges(), 0);
        assert_connected(&browser.open(&callback).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callback_without_its_cookie_or_after_its_life_sends_nothing() {
    for server in ClaimServer::all() {
        let fleet = Fleet::start(server.store()).await;
        let browser = fleet.browser("alice");
        let deleted = fleet.begin_and_approve(&browser).await;
        browser.forget_attempts();
        assert_shows(&browser.open(&deleted).await, NOT_YOURS);
        let late = fleet.begin_and_approve(&browser).await;
        fleet.settings.clock.advance(60 * 60 + 1);
        for _ in 0..2 {
            assert_shows(&browser.open(&late).await, TOO_LONG);
        }
        assert_eq!(fleet.exchanges(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn approval_after_25_minutes_and_skewed_clocks_connect() {
    for server in ClaimServer::all() {
        let fleet = Fleet::start(server.store()).await;
        let browser = fleet.browser("alice");
        for seconds in [25 * 60, -60, 60] {
            let callback = fleet.begin_and_approve(&browser).await;
            fleet.settings.clock.advance(seconds);
            assert_connected(&browser.open(&callback).await);
        }
        // Further in the future than clocks may differ.
        let callback = fleet.begin_and_approve(&browser).await;
        fleet.settings.clock.advance(-120);
        assert_shows(&browser.open(&callback).await, TOO_LONG);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_rotation_connects() {
    // Each step is deployed while instances with the one before it still run.
    let steps = [vec![key(1)], vec![key(1), key(2)], vec![key(2), key(1)], vec![key(2)]];
    for server in ClaimServer::all() {
        for step in steps.windows(2) {
            let keys = [step[0].clone(), step[1].clone(), step[1].clone()];
            let fleet = Fleet::with_keys(server.store(), keys).await;
            for begins in &fleet.instances {
                for finishes in &fleet.instances {
                    let browser = fleet.browser("alice");
                    let callback = fleet.begin_and_approve(&browser.at(begins.address)).await;
                    assert_connected(&browser.at(finishes.address).open(&callback).await);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotated_out_key_opens_no_cookie() {
    for server in ClaimServer::all() {
        let fleet = Fleet::with_keys(server.store(), [vec![key(1)], vec![key(2)], vec![key(2)]]).await;
        let browser = fleet.browser("alice");
        let callback = fleet.begin_and_approve(&browser.at(fleet.instances[0].address)).await;
        assert_shows(&browser.at(fleet.instances[1].address).open(&callback).await, NOT_YOURS);
        assert_eq!(fleet.exchanges(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn store_that_is_down_sends_nothing_until_it_is_back() {
    for durable in [true, false] {
        let redis = if durable { Redis::start_durable() } else { Redis::start() };
        let Some(mut redis) = redis else { return };
        let fleet = Fleet::start(Store::Redis(redis.url())).await;
        let browser = fleet.browser("alice");
        // Beginning needs no store.
        let first = fleet.begin_and_approve(&browser).await;
        assert_connected(&browser.open(&first).await);
        redis.kill();
        let second = fleet.begin_and_approve(&browser).await;
        for _ in 0..3 {
            let page = browser.get(&second).await;
            assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
            assert_shows(&page, TRY_AGAIN);
            assert!(!page.header("retry-after").is_empty());
        }
        assert_eq!(fleet.exchanges(), 1);
        redis.restart();
        assert_connected(&until_it_responds(&browser, &second).await);
        assert_eq!(fleet.exchanges(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn store_killed_in_an_exchange_causes_no_second_one() {
    // W-3. At once, because each may wait for as long as an exchange may take.
    let mut killed = JoinSet::new();
    for server in ClaimServer::durable() {
        killed.spawn(kill_the_store_in_an_exchange(server));
    }
    killed.join_all().await;
}

async fn kill_the_store_in_an_exchange(mut server: ClaimServer) {
    let fleet = Fleet::with_timeout(server.store(), Duration::from_secs(2)).await;
    let browser = fleet.browser("alice");
    let callback = fleet.begin_and_approve(&browser).await;
    let copy = browser.copy();
    fleet.emulator.inject(Fault::delay(Duration::from_secs(1)).on("/auth/keys"));
    let (tab, url) = (browser.clone(), callback.clone());
    let opened = tokio::spawn(async move { tab.open(&url).await });
    wait_until("the code is sent", || fleet.exchanges() == 1).await;
    server.kill();
    assert_shows(&copy.get(&callback).await, TRY_AGAIN);
    server.restart();

    let first = opened.await.unwrap();
    // On a busy machine, the response may come after the client's timeout.
    let is_connected = first.body == "your settings";
    if !is_connected {
        assert_shows(&first, UNKNOWN);
    }
    assert_eq!(fleet.stored().len(), usize::from(is_connected));
    // The store may not have recorded how the first copy ended.
    let second = until_it_responds(&copy, &callback).await;
    let titles: &[_] = if is_connected { &[FINISHED, UNKNOWN] } else { &[UNKNOWN] };
    assert!(titles.iter().any(|title| second.body.contains(title)), "{second:?}");
    assert_eq!(fleet.exchanges(), 1);
}

/// Reloads a callback while its page asks for it.
async fn until_it_responds(browser: &Browser, callback: &str) -> Page {
    for _ in 0..60 {
        let page = browser.open(callback).await;
        if page.status != StatusCode::SERVICE_UNAVAILABLE {
            return page;
        }
        assert!([TRY_AGAIN, STILL_RUNNING].iter().any(|title| page.body.contains(title)), "{page:?}");
        sleep(Duration::from_secs(1)).await;
    }
    panic!("the callback does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn promoted_replica_exchanges_no_code_again() {
    let (Some(mut primary), Some(replica)) = (Redis::start(), Redis::start()) else { return };
    let switch = Switch::start(primary.address()).await;
    let fleet = Fleet::start(Store::Redis(format!("redis://{}/", switch.address()))).await;
    replica.replicate(&primary);
    let browser = fleet.browser("alice");
    let callback = fleet.begin_and_approve(&browser).await;
    let copy = browser.copy();
    assert_connected(&browser.open(&callback).await);
    let attempt = callback.split('?').next().unwrap().rsplit('/').next().unwrap();
    let claim = format!("GET openrouter-oauth:claim:{attempt}");
    wait_until("the replica has the settled claim", || replica.run(&claim).contains("settled")).await;
    primary.kill();
    assert_eq!(replica.run("REPLICAOF NO ONE"), "+OK");
    switch.turn_to(Some(replica.address()));
    assert_shows(&until_it_responds(&copy, &callback).await, FINISHED);
    assert_eq!(fleet.exchanges(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn instance_killed_in_an_exchange_leaves_an_unknown_outcome() {
    // At once, because each waits for as long as an exchange may take.
    let mut killed = JoinSet::new();
    for server in ClaimServer::all() {
        killed.spawn(async move {
            let fleet = Fleet::with_timeout(server.store(), Duration::from_secs(2)).await;
            kill_in_an_exchange(fleet).await;
        });
    }
    killed.join_all().await;
}

async fn kill_in_an_exchange(mut fleet: Fleet) {
    let browser = fleet.browser("alice");
    let callback = fleet.begin_and_approve(&browser).await;
    fleet.emulator.inject(Fault::delay(Duration::from_secs(60)).on("/auth/keys"));
    let (tab, url) = (browser.at(fleet.instances[0].address), callback.clone());
    let opened = tokio::spawn(async move { tab.open(&url).await });
    wait_until("the code is sent", || fleet.exchanges() == 1).await;
    fleet.instances[0].kill();
    assert!(opened.await.is_err(), "the browser must lose its connection");
    let page = until_it_responds(&browser, &callback).await;
    assert_shows(&page, UNKNOWN);
    assert!(page.body.contains("my app") && !page.body.contains(FINISHED), "{page:?}");
    // Back and reload show the same.
    assert_shows(&browser.open(&callback).await, UNKNOWN);
    assert_eq!((fleet.exchanges(), fleet.stored().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_after_503_with_retry_after_connects() {
    for server in ClaimServer::all() {
        let fleet = Fleet::start(server.store()).await;
        for status in [503, 429] {
            let browser = fleet.browser("alice");
            let callback = fleet.begin_and_approve(&browser).await;
            fleet.emulator.inject(Fault::status(status).header("Retry-After", "7").on("/auth/keys"));
            let page = browser.get(&callback).await;
            assert_eq!((page.status.as_u16(), page.header("retry-after")), (503, "7"));
            assert_shows(&page, TRY_AGAIN);
            assert_connected(&browser.open(&callback).await);
        }
        assert_eq!((fleet.exchanges(), fleet.stored().len()), (4, 2));
    }
}
