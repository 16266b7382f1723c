//! Host names, and the headers that tell a user's browser from other clients.

use openrouter_oauth_login::{RejectedRequest, ResultPage};

use super::fixture::{Fixture, ask, browser, status};

#[tokio::test]
async fn only_the_names_of_this_machine_are_accepted() {
    // L-8, F43
    let mut fixture = Fixture::new().await;
    let port = fixture.listener.port();
    let other = if port == 65_535 { 65_534 } else { port + 1 };
    let ours = format!("127.0.0.1:{port}");
    let hosts: [(u16, &[String]); 42] = [
        (400, &[]),
        (400, &[ours.clone(), ours.clone()]),
        (400, &[ours.clone(), "evil.example".into()]),
        (400, &["evil.example".into(), ours.clone()]),
        (421, &[String::new()]),
        (421, &["127.0.0.1".into()]),
        (421, &["localhost".into()]),
        (421, &[format!("127.0.0.1:{other}")]),
        (421, &[format!("localhost:{other}")]),
        (421, &["127.0.0.1:80".into()]),
        (421, &["127.0.0.1:".into()]),
        (421, &[format!("127.0.0.1:0{port}")]),
        (421, &[format!("127.0.0.1:+{port}")]),
        (421, &[format!("127.0.0.1 :{port}")]),
        (421, &[format!("127.0.0.1: {port}")]),
        (421, &[format!("{ours},{ours}")]),
        (421, &[format!("{ours}, evil.example")]),
        (421, &[format!("{ours}/")]),
        (421, &[format!("{ours}#")]),
        (421, &[format!("http://{ours}")]),
        (421, &[format!("user@{ours}")]),
        (421, &[format!("evil.example@{ours}")]),
        (421, &[format!("{ours}@evil.example")]),
        (421, &[format!("127.0.0.1.:{port}")]),
        (421, &[format!("localhost.:{port}")]),
        (421, &[format!("LOCALHOST:{port}")]),
        (421, &[format!("localhost.evil.example:{port}")]),
        (421, &[format!("127.0.0.1.evil.example:{port}")]),
        (421, &[format!("evil.example:{port}")]),
        (421, &["evil.example".into()]),
        (421, &[format!("127.0.0.2:{port}")]),
        (421, &[format!("127.1:{port}")]),
        (421, &[format!("127.0.1:{port}")]),
        (421, &[format!("0x7f.1:{port}")]),
        (421, &[format!("2130706433:{port}")]),
        (421, &[format!("017700000001:{port}")]),
        (421, &[format!("0.0.0.0:{port}")]),
        (421, &[format!("[::1]:{port}")]),
        (421, &[format!("[::ffff:127.0.0.1]:{port}")]),
        (421, &[format!("openrouter.ai:{port}")]),
        (421, &[format!("\u{ff4c}ocalhost:{port}")]),
        (421, &[format!("127.0.0.1%00:{port}")]),
    ];
    let target = fixture.stolen();
    let head = |target: &str, hosts: &[String]| {
        let lines: Vec<_> = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
        format!("GET {target} HTTP/1.1\r\n{}\r\n", lines.concat())
    };
    let mut requests: Vec<_> = hosts.iter().map(|(_, hosts)| head(&target, hosts)).collect();
    let mut statuses: Vec<_> = hosts.iter().map(|(status, _)| *status).collect();
    // A URL instead of a path names a host too.
    for (status, url, host) in [
        (421, format!("http://evil.example{target}"), &ours),
        (421, format!("http://localhost:{other}{target}"), &ours),
        (421, format!("http://{ours}{target}"), &"evil.example".into()),
        (400, format!("https://{ours}{target}"), &ours),
        (400, ours.clone(), &ours),
    ] {
        requests.push(head(&url, std::slice::from_ref(host)));
        statuses.push(status);
    }
    // With an unknown path, the host name makes no difference.
    requests.push(head("/callback", &["evil.example".into()]));
    statuses.push(404);

    let responses = fixture.play(requests.clone()).await;
    for ((request, response), expected) in requests.iter().zip(&responses).zip(statuses) {
        assert_eq!(status(response), expected, "{request}");
    }
}

#[tokio::test]
async fn callback_may_use_each_name_of_this_machine() {
    // L-8
    let mut fixture = Fixture::new().await;
    let (ours, good) = (fixture.host(), fixture.good());
    let by_name = ours.replace("127.0.0.1", "localhost");
    for request in [
        good.replace(&ours, &by_name),
        good.replace("GET /", &format!("GET http://{ours}/")),
        good.replace("GET /", &format!("GET http://{by_name}/")),
        good.replace("Host: ", "hOST:\t "),
        good.replace("HTTP/1.1", "HTTP/1.0"),
    ] {
        let page = browser(fixture.listener.port(), request);
        fixture.settle().await;
        assert_eq!(status(&page.await.unwrap().unwrap()), 200);
    }
}

/// Returns all combinations of the headers that browsers send: whether such a request may be the callback, and the
/// header lines.
fn matrix() -> Vec<(bool, String)> {
    let modes = [
        (true, ""),
        (true, "navigate"),
        (false, "cors"),
        (false, "no-cors"),
        (false, "same-origin"),
        (false, "websocket"),
        (false, "nested-navigate"),
        (false, "NAVIGATE"),
    ];
    let destinations = [
        (true, ""),
        (true, "document"),
        (false, "iframe"),
        (false, "frame"),
        (false, "embed"),
        (false, "object"),
        (false, "empty"),
        (false, "image"),
        (false, "script"),
        (false, "style"),
        (false, "report"),
    ];
    let origins =
        [(true, ""), (false, "null"), (false, "https://openrouter.ai"), (false, "http://127.0.0.1:3000")];
    let purposes = [
        (true, ""),
        (false, "Sec-Purpose: prefetch\r\n"),
        (false, "Sec-Purpose: prefetch;prerender\r\n"),
        (false, "Purpose: prefetch\r\n"),
        (false, "X-Moz: prefetch\r\n"),
        (false, "X-Purpose: preview\r\n"),
    ];
    let line = |name: &str, value: &str| match value {
        "" => String::new(),
        value => format!("{name}: {value}\r\n"),
    };
    let mut matrix = Vec::new();
    for (is_mode, mode) in modes {
        for (is_destination, destination) in destinations {
            for (is_origin, origin) in origins {
                for (is_purpose, purpose) in purposes {
                    let is_right = is_mode && is_destination && is_origin && is_purpose;
                    let lines = [
                        line("Sec-Fetch-Mode", mode),
                        line("Sec-Fetch-Dest", destination),
                        line("Origin", origin),
                        purpose.to_owned(),
                    ];
                    matrix.push((is_right, lines.concat()));
                }
            }
        }
    }
    matrix
}

#[tokio::test]
async fn only_a_navigation_settles_a_sign_in() {
    // L-9, F43, F44
    let mut fixture = Fixture::new().await;
    let with = |request: &str, lines: &str| request.replace("\r\n\r\n", &format!("\r\n{lines}\r\n"));
    let (good, stolen) = (fixture.good(), fixture.get(&fixture.stolen()));
    let (right, wrong): (Vec<_>, Vec<_>) = matrix().into_iter().partition(|(is_right, _)| *is_right);
    assert_eq!((right.len(), wrong.len()), (4, 2108));

    let twice = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Mode: cors\r\n".to_owned();
    let rejected: Vec<_> = wrong.into_iter().map(|(_, lines)| lines).chain([twice]).collect();
    let responses = fixture.play(rejected.iter().map(|lines| with(&stolen, lines)).collect()).await;
    for (lines, response) in rejected.iter().zip(&responses) {
        assert_eq!(status(response), 403, "{lines}");
    }
    assert_eq!(fixture.rejected(), vec![RejectedRequest::NotNavigation; rejected.len()]);

    for (_, lines) in right {
        let page = browser(fixture.listener.port(), with(&good, &lines));
        fixture.settle().await;
        assert_eq!(status(&page.await.unwrap().unwrap()), 200, "{lines}");
    }
}

#[tokio::test]
async fn request_of_a_real_browser_settles_a_sign_in() {
    let mut fixture = Fixture::new().await;
    let chromium = "Connection: keep-alive\r\n\
        Cache-Control: max-age=0\r\n\
        sec-ch-ua: \"Chromium\";v=\"156\", \"Not)A;Brand\";v=\"24\"\r\n\
        sec-ch-ua-mobile: ?0\r\n\
        sec-ch-ua-platform: \"Linux\"\r\n\
        Upgrade-Insecure-Requests: 1\r\n\
        User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36\r\n\
        Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
        Sec-Fetch-Site: cross-site\r\n\
        Sec-Fetch-Mode: navigate\r\n\
        Sec-Fetch-User: ?1\r\n\
        Sec-Fetch-Dest: document\r\n\
        Referer: https://openrouter.ai/\r\n\
        Accept-Encoding: gzip, deflate, br, zstd\r\n\
        Accept-Language: en-US,en;q=0.9\r\n\
        Cookie: session=of-another-program; name=J\u{fc}rgen\r\n";
    let request = fixture.good().replace("\r\n\r\n", &format!("\r\n{chromium}\r\n"));
    let page = browser(fixture.listener.port(), request);
    fixture.settle().await;
    assert_eq!(status(&page.await.unwrap().unwrap()), 200);
}

#[tokio::test]
async fn only_a_get_settles_a_sign_in() {
    // L-10, F43
    let mut fixture = Fixture::new().await;
    let stolen = fixture.get(&fixture.stolen());
    let methods = [
        "HEAD",
        "OPTIONS",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "TRACE",
        "CONNECT",
        "PROPFIND",
        "QUERY",
        "get",
        "Get",
        "GETS",
        "GE",
        "G",
        "X",
        "!#$%&'*+-.^_`|~",
        "PRI",
    ];
    let requests: Vec<_> = methods.iter().map(|method| stolen.replace("GET", method)).collect();
    for (method, response) in methods.iter().zip(fixture.play(requests).await) {
        assert_eq!(status(&response), 405, "{method}");
        assert!(response.contains("\r\nAllow: GET\r\n"), "{response}");
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        assert_eq!(body.is_empty(), *method == "HEAD", "{method}");
    }
    assert_eq!(fixture.rejected(), vec![RejectedRequest::Method; methods.len()]);
}

#[tokio::test]
async fn rejection_reveals_nothing_of_the_attempt_id() {
    // L-5, L-6: a client that does not know the path gets the same response, whatever else is wrong.
    let mut fixture = Fixture::new().await;
    let request = fixture.get("/callback/AAAAAAAAAAAAAAAAAAAAAA?error=access_denied");
    let with = |line: &str| request.replace("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"));
    let requests = vec![
        request.clone(),
        request.replace("GET", "POST"),
        request.replace(&fixture.host(), "evil.example"),
        with("Origin: https://evil.example"),
        with("Sec-Fetch-Mode: cors"),
        with("Sec-Purpose: prefetch"),
        with("Host: evil.example"),
    ];
    let responses = fixture.play(requests).await;
    assert_eq!(status(&responses[0]), 404);
    assert!(responses.iter().all(|response| *response == responses[0]), "{responses:#?}");
}

#[tokio::test]
async fn result_page_matches_the_result() {
    // L-19
    let mut fixture = Fixture::new().await;
    for (page, code, title) in [
        (ResultPage::SignedIn, 200, "You are signed in"),
        (ResultPage::NotStored, 200, "You are signed in, but the key was not stored"),
        (ResultPage::Denied, 200, "You are not signed in"),
        (ResultPage::Failed, 502, "You are not signed in"),
        (ResultPage::OutcomeUnknown, 502, "Sign-in may not have completed"),
    ] {
        let request = fixture.good();
        let port = fixture.listener.port();
        let browser = tokio::spawn(async move { ask(port, request.as_bytes()).await });
        let callback = fixture.listener.callback(&fixture.pending).await;
        assert!(!browser.is_finished(), "the browser gets no response before");
        callback.respond(page).await;
        let response = browser.await.unwrap().unwrap();
        assert_eq!(status(&response), code);
        assert!(response.contains(&format!("<title>{title}</title>")), "{response}");
    }
}
