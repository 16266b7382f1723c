//! Many connections at once.

use std::{
    io::{self, Write},
    net::TcpStream as StdStream,
    time::{Duration, Instant},
};

use openrouter_oauth_login::{Listener, RejectedRequest, ResultPage};
use tokio::{io::AsyncWriteExt, task::JoinSet, time::timeout};

use super::fixture::{CODE, Fixture, MANY, allow_many, ask, begin, browser, connect, read, status};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_of_many_callbacks_wins() {
    // L-12, F44
    allow_many();
    let mut fixture = Fixture::new().await;
    let (port, good) = (fixture.listener.port(), fixture.good());
    // All requests are sent before the first response is read.
    let asking = tokio::task::spawn_blocking(move || -> io::Result<_> {
        let ask = |_| {
            let mut stream = StdStream::connect(("127.0.0.1", port))?;
            stream.write_all(good.as_bytes())?;
            stream.set_read_timeout(Some(Duration::from_secs(60)))?;
            Ok(stream)
        };
        (0..MANY).map(ask).collect::<io::Result<Vec<_>>>()
    });
    let callback = fixture.listener.callback(&fixture.pending).await;
    assert_eq!(callback.code().as_ref().unwrap().expose(), CODE);
    let browsers = tokio::select! {
        browsers = asking => browsers.unwrap().unwrap(),
        never = fixture.listener.reject_others() => match never {},
    };
    let reading = tokio::task::spawn_blocking(|| browsers.into_iter().map(io::read_to_string).collect());
    // The others get their responses before the winner does.
    let mut rejected = Vec::new();
    let others = async {
        while rejected.len() < MANY - 1 {
            let _ = timeout(Duration::from_millis(10), fixture.listener.reject_others()).await;
            rejected.extend(fixture.rejected());
        }
    };
    timeout(Duration::from_secs(60), others).await.expect("the other responses");
    callback.respond(ResultPage::SignedIn).await;

    let pages: Vec<io::Result<String>> = reading.await.unwrap();
    let count = |expected| pages.iter().filter(|page| status(page.as_ref().unwrap()) == expected).count();
    assert_eq!((count(200), count(410)), (1, MANY - 1));
    assert_eq!(rejected, vec![RejectedRequest::Used; MANY - 1]);
}

#[tokio::test]
async fn slow_connections_do_not_keep_the_browser_out() {
    // L-14, F41
    allow_many();
    let mut fixture = Fixture::new().await;
    let (port, good, cut) = (fixture.listener.port(), fixture.good(), format!("GET {}", fixture.stolen()));
    let browser = tokio::spawn(async move {
        let mut slow = Vec::new();
        for _ in 0..MANY {
            let mut stream = connect(port).await;
            stream.write_all(cut.as_bytes()).await.unwrap();
            slow.push(stream);
        }
        ask(port, good.as_bytes()).await.unwrap()
    });
    fixture.settle().await;
    assert_eq!(status(&browser.await.unwrap()), 200);
    // Of these and the browser's, 32 may be open. None was `Slow`, because they made room before their deadline.
    assert_eq!(fixture.rejected(), vec![RejectedRequest::Dropped; MANY + 1 - 32]);
}

#[tokio::test]
async fn oldest_unfinished_connection_makes_room() {
    // L-14, F42
    let mut fixture = Fixture::new().await;
    let (port, good) = (fixture.listener.port(), fixture.good());
    let (half, rest) = ("GET / HTTP/1.1\r\n", format!("Host: {}\r\n\r\n", fixture.host()));
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
    fixture.settle().await;
    let (oldest, others) = browser.await.unwrap();
    assert_eq!(oldest.unwrap(), "", "closed without a response");
    assert_eq!(others.iter().map(|response| status(response)).collect::<Vec<_>>(), [404; 32]);
}

#[tokio::test]
async fn slow_request_gets_a_timeout_response() {
    // L-14
    let mut fixture = Fixture::new().await;
    let (port, good) = (fixture.listener.port(), fixture.good());
    let browser = tokio::spawn(async move {
        let begun = Instant::now();
        let (mut slow, silent) = (connect(port).await, connect(port).await);
        slow.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        let responses = [read(slow).await.unwrap(), read(silent).await.unwrap()];
        (responses, begun.elapsed(), ask(port, good.as_bytes()).await.unwrap())
    });
    fixture.settle().await;
    let ([slow, silent], took, page) = browser.await.unwrap();
    assert_eq!(status(&page), 200);
    assert_eq!(status(&slow), 408);
    assert_eq!(silent, "", "a browser that connects in advance");
    assert!(took >= Duration::from_secs(5), "{took:?}");
    assert_eq!(fixture.rejected(), [RejectedRequest::Slow]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_sign_ins_do_not_mix() {
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
            let callback = listener.callback(&pending).await;
            assert_eq!(callback.code().as_ref().unwrap().expose(), format!("auth_code_{number}"));
            callback.respond(ResultPage::SignedIn).await;
            assert_eq!(status(&page.await.unwrap().unwrap()), 200);
        });
    }
    while let Some(login) = logins.join_next().await {
        login.unwrap();
    }
}

#[tokio::test]
async fn new_sign_in_has_its_own_callback_path() {
    // C-5: even on a connection that was open before.
    let mut fixture = Fixture::new().await;
    let mut ahead = connect(fixture.listener.port()).await;
    let waited = timeout(Duration::from_millis(50), fixture.listener.callback(&fixture.pending)).await;
    assert!(waited.is_err());
    let before = fixture.good();
    fixture.pending = begin(&fixture.listener);
    let responses = fixture.play(vec![before]).await;
    assert_eq!(status(&responses[0]), 404);

    ahead.write_all(fixture.good().as_bytes()).await.unwrap();
    fixture.settle().await;
    assert_eq!(status(&read(ahead).await.unwrap()), 200);
}
