//! Many at once.

use std::{
    io::{self, Write},
    net::TcpStream as StdStream,
    time::{Duration, Instant},
};

use openrouter_oauth_login::{Listener, Page, RejectedRequest};
use tokio::{io::AsyncWriteExt, task::JoinSet, time::timeout};

use super::stage::{CODE, Stage, ask, begin, browser, connect, read, status};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callbacks_at_once_are_one_visit() {
    // L-12, F44
    let mut stage = Stage::new().await;
    let (port, good) = (stage.listener.port(), stage.good());
    // All have asked before the first looks for its page.
    let asking = tokio::task::spawn_blocking(move || -> io::Result<_> {
        let ask = |_| {
            let mut stream = StdStream::connect(("127.0.0.1", port))?;
            stream.write_all(good.as_bytes())?;
            stream.set_read_timeout(Some(Duration::from_secs(60)))?;
            Ok(stream)
        };
        (0..1000).map(ask).collect::<io::Result<Vec<_>>>()
    });
    let visit = stage.listener.callback(&stage.pending).await;
    assert_eq!(visit.code().as_ref().unwrap().expose(), CODE);
    let browsers = tokio::select! {
        browsers = asking => browsers.unwrap().unwrap(),
        never = stage.listener.refuse_others() => match never {},
    };
    let reading = tokio::task::spawn_blocking(|| browsers.into_iter().map(io::read_to_string).collect());
    // The others are answered before the winner is.
    let mut strays = Vec::new();
    let others = async {
        while strays.len() < 999 {
            let _ = timeout(Duration::from_millis(10), stage.listener.refuse_others()).await;
            strays.extend(stage.strays());
        }
    };
    timeout(Duration::from_secs(60), others).await.expect("999 answers");
    visit.answer(Page::SignedIn).await;

    let pages: Vec<io::Result<String>> = reading.await.unwrap();
    let count = |expected| pages.iter().filter(|page| status(page.as_ref().unwrap()) == expected).count();
    assert_eq!((count(200), count(410)), (1, 999));
    assert_eq!(strays, vec![RejectedRequest::Used; 999]);
}

#[tokio::test]
async fn slow_connections_make_room_and_do_not_keep_the_browser_out() {
    // L-14, F41
    let mut stage = Stage::new().await;
    let (port, good, cut) = (stage.listener.port(), stage.good(), format!("GET {}", stage.stolen()));
    let browser = tokio::spawn(async move {
        let mut slow = Vec::new();
        for _ in 0..1000 {
            let mut stream = connect(port).await;
            stream.write_all(cut.as_bytes()).await.unwrap();
            slow.push(stream);
        }
        ask(port, good.as_bytes()).await.unwrap()
    });
    stage.settle().await;
    assert_eq!(status(&browser.await.unwrap()), 200);
    // Of 1,001, 32 may be open. None was `Slow`: they made room before their time was up.
    assert_eq!(stage.strays(), vec![RejectedRequest::Dropped; 1001 - 32]);
}

#[tokio::test]
async fn oldest_unfinished_connection_makes_room() {
    // L-14, F42
    let mut stage = Stage::new().await;
    let (port, good) = (stage.listener.port(), stage.good());
    let (half, rest) = ("GET / HTTP/1.1\r\n", format!("Host: {}\r\n\r\n", stage.host()));
    let browser = tokio::spawn(async move {
        let mut open = Vec::new();
        for _ in 0..=32 {
            let mut stream = connect(port).await;
            stream.write_all(half.as_bytes()).await.unwrap();
            open.push(stream);
        }
        let oldest = read(open.remove(0)).await;
        let mut others = Vec::new();
        for mut stream in open {
            stream.write_all(rest.as_bytes()).await.unwrap();
            others.push(read(stream).await.unwrap());
        }
        ask(port, good.as_bytes()).await.unwrap();
        (oldest, others)
    });
    stage.settle().await;
    let (oldest, others) = browser.await.unwrap();
    assert_eq!(oldest.unwrap(), "", "closed without a response");
    assert_eq!(others.iter().map(|response| status(response)).collect::<Vec<_>>(), [404; 32]);
}

#[tokio::test]
async fn whoever_takes_too_long_is_told() {
    // L-14
    let mut stage = Stage::new().await;
    let (port, good) = (stage.listener.port(), stage.good());
    let browser = tokio::spawn(async move {
        let (mut slow, silent) = (connect(port).await, connect(port).await);
        slow.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        let begun = Instant::now();
        let answers = [read(slow).await.unwrap(), read(silent).await.unwrap()];
        (answers, begun.elapsed(), ask(port, good.as_bytes()).await.unwrap())
    });
    stage.settle().await;
    let ([slow, silent], took, page) = browser.await.unwrap();
    assert_eq!(status(&page), 200);
    assert_eq!(status(&slow), 408);
    assert_eq!(silent, "", "a browser that connects ahead");
    assert!(took >= Duration::from_millis(4900), "{took:?}");
    assert_eq!(stage.strays(), [RejectedRequest::Slow]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_at_once_do_not_mix() {
    // L-24
    let mut logins = JoinSet::new();
    for number in 0..100 {
        logins.spawn(async move {
            let mut listener = Listener::bind(0).await.unwrap();
            let pending = begin(&listener);
            let port = listener.port();
            let target = format!("/callback/{}?code=auth_code_{number}", pending.attempt_id());
            let request = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
            let page = browser(port, request);
            let visit = listener.callback(&pending).await;
            assert_eq!(visit.code().as_ref().unwrap().expose(), format!("auth_code_{number}"));
            visit.answer(Page::SignedIn).await;
            assert_eq!(status(&page.await.unwrap().unwrap()), 200);
        });
    }
    while let Some(login) = logins.join_next().await {
        login.unwrap();
    }
}

#[tokio::test]
async fn a_sign_in_that_begins_anew_comes_back_to_its_own_path() {
    // C-5: also on a connection that was made before.
    let mut stage = Stage::new().await;
    let mut ahead = connect(stage.listener.port()).await;
    let waited = timeout(Duration::from_millis(50), stage.listener.callback(&stage.pending)).await;
    assert!(waited.is_err());
    let before = stage.good();
    stage.pending = begin(&stage.listener);
    let answers = stage.play(vec![before]).await;
    assert_eq!(status(&answers[0]), 404);

    ahead.write_all(stage.good().as_bytes()).await.unwrap();
    stage.settle().await;
    assert_eq!(status(&read(ahead).await.unwrap()), 200);
}
