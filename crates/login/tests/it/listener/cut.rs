//! Requests that break off, and browsers that disconnect.

use std::time::{Duration, Instant};

use openrouter_oauth_login::{RejectedRequest, ResultPage};
use tokio::{io::AsyncWriteExt, time::timeout};

use super::fixture::{CODE, Fixture, ask, connect, read, status};

/// A pause in which the listener receives the request.
const MOMENT: Duration = Duration::from_millis(20);

#[tokio::test]
async fn request_cut_at_any_byte_changes_nothing() {
    // F41
    let mut fixture = Fixture::new().await;
    let (port, good, stolen) = (fixture.listener.port(), fixture.good(), fixture.get(&fixture.stolen()));
    for cut in 0..stolen.len() {
        let (good, begin) = (good.clone(), stolen[..cut].to_owned());
        let browser = tokio::spawn(async move {
            let [mut closed, mut reset, mut stalled] =
                [connect(port).await, connect(port).await, connect(port).await];
            for stream in [&mut closed, &mut reset, &mut stalled] {
                stream.write_all(begin.as_bytes()).await.unwrap();
            }
            reset.set_zero_linger().unwrap();
            drop(reset);
            closed.shutdown().await.unwrap();
            let page = ask(port, good.as_bytes()).await.unwrap();
            (read(closed).await.unwrap(), page)
        });
        fixture.settle().await;
        // The listener has already responded to every earlier request.
        let (closed, page) = tokio::select! {
            responses = browser => responses.unwrap(),
            never = fixture.listener.reject_others() => match never {},
        };
        assert_eq!(status(&page), 200);
        match cut {
            0 => assert_eq!(closed, ""),
            _ => assert_eq!(status(&closed), 400),
        }
    }
    assert!(fixture.rejected().iter().all(|rejected| matches!(rejected, RejectedRequest::Malformed)));
}

#[tokio::test]
async fn request_in_pieces_settles_a_sign_in() {
    let mut fixture = Fixture::new().await;
    let (port, good) = (fixture.listener.port(), fixture.good());
    let browser = tokio::spawn(async move {
        let mut stream = connect(port).await;
        stream.set_nodelay(true).unwrap();
        for byte in good.as_bytes() {
            stream.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        // The request is complete, so this changes nothing.
        stream.shutdown().await.unwrap();
        read(stream).await.unwrap()
    });
    fixture.settle().await;
    assert_eq!(status(&browser.await.unwrap()), 200);
}

#[tokio::test]
async fn disconnected_browser_still_completes_the_sign_in() {
    // F48
    let mut fixture = Fixture::new().await;
    let (port, good) = (fixture.listener.port(), fixture.good());
    for resets in [true, false] {
        let mut stream = connect(port).await;
        stream.write_all(good.as_bytes()).await.unwrap();
        if resets {
            stream.set_zero_linger().unwrap();
        }
        let browser = tokio::spawn(async move {
            tokio::time::sleep(MOMENT).await;
            drop(stream);
        });
        let callback = fixture.listener.callback(&fixture.pending).await;
        browser.await.unwrap();
        assert_eq!(callback.code().as_ref().unwrap().expose(), CODE);
        callback.respond(ResultPage::SignedIn).await;
    }
}

#[tokio::test]
async fn respond_waits_two_seconds_for_an_open_connection() {
    let mut fixture = Fixture::new().await;
    let mut stream = connect(fixture.listener.port()).await;
    stream.write_all(fixture.good().as_bytes()).await.unwrap();
    let callback = fixture.listener.callback(&fixture.pending).await;
    let begun = Instant::now();
    callback.respond(ResultPage::SignedIn).await;
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(10), "{took:?}");
    assert_eq!(status(&read(stream).await.unwrap()), 200);
}

#[tokio::test]
async fn dropped_callback_future_loses_no_request() {
    // C-28
    let mut fixture = Fixture::new().await;
    let (port, good) = (fixture.listener.port(), fixture.good());
    for pieces in [1, 3, 10, good.len()] {
        let good = good.clone();
        let browser = tokio::spawn(async move {
            let mut stream = connect(port).await;
            for piece in good.as_bytes().chunks(good.len().div_ceil(pieces)) {
                stream.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            read(stream).await.unwrap()
        });
        let callback = timeout(Duration::from_secs(60), async {
            loop {
                // Dropped after it was polled once.
                tokio::select! {
                    biased;
                    callback = fixture.listener.callback(&fixture.pending) => break callback,
                    () = tokio::task::yield_now() => {}
                }
            }
        });
        let callback = callback.await.expect("a callback");
        assert_eq!(callback.code().as_ref().unwrap().expose(), CODE);
        callback.respond(ResultPage::SignedIn).await;
        assert_eq!(status(&browser.await.unwrap()), 200);
    }
}
