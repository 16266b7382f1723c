//! The query of the callback.

use openrouter_oauth::CallbackError;
use openrouter_oauth_login::{RejectedRequest, ResultPage};

use super::fixture::{Fixture, STOLEN, browser, status};

#[tokio::test]
async fn incomplete_query_is_rejected() {
    // L-13, F44
    let mut fixture = Fixture::new().await;
    let queries = [
        String::new(),
        "?".into(),
        "?code".into(),
        "?code=".into(),
        "?code=&state=".into(),
        format!("?code={STOLEN}&code={STOLEN}"),
        format!("?code={STOLEN}&error=access_denied"),
        format!("?code={STOLEN}&state=c29tZWJvZHktZWxzZSdz"),
        "?error=access_denied&state=c29tZWJvZHktZWxzZSdz".into(),
        format!("?c%6Fde={STOLEN}&code={STOLEN}"),
        "?code=%00".into(),
        "?code=%".into(),
        "?code=%4".into(),
        "?code=%zz".into(),
        "?code=%ff".into(),
        "?code=a%0d%0ab".into(),
        "?code=%1b[31m".into(),
        format!("?code={}", "a".repeat(513)),
        format!("?Code={STOLEN}"),
        format!("?cod={STOLEN}"),
        format!("??code={STOLEN}"),
        "?error_description=access_denied".into(),
    ];
    let requests: Vec<_> =
        queries.iter().map(|query| fixture.get(&format!("{}{query}", fixture.path()))).collect();
    for (query, response) in queries.iter().zip(fixture.play(requests).await) {
        assert_eq!(status(&response), 400, "{query}");
    }
    assert_eq!(fixture.rejected(), vec![RejectedRequest::Unreadable; queries.len()]);
}

#[tokio::test]
async fn error_of_openrouter_settles_a_sign_in() {
    let mut fixture = Fixture::new().await;
    for (query, page) in [
        ("error=access_denied", ResultPage::Denied),
        ("error=access_denied&error_description=no%20thanks", ResultPage::Denied),
        ("error=server_error", ResultPage::Failed),
    ] {
        let request = fixture.get(&format!("{}?{query}", fixture.path()));
        let page_shown = browser(fixture.listener.port(), request);
        let callback = fixture.listener.callback(&fixture.pending).await;
        match page {
            ResultPage::Denied => {
                assert!(matches!(callback.code(), Err(CallbackError::Denied { .. })), "{callback:?}");
            }
            _ => assert!(matches!(callback.code(), Err(CallbackError::Failed { .. })), "{callback:?}"),
        }
        callback.respond(page).await;
        assert!(page_shown.await.unwrap().unwrap().contains("You are not signed in"));
    }
    assert_eq!(fixture.rejected(), []);
}

#[tokio::test]
async fn debug_shows_neither_code_nor_attempt_id() {
    // S-1, T-5
    let mut fixture = Fixture::new().await;
    let attempt_id = fixture.pending.attempt_id().to_owned();
    let page_shown = browser(fixture.listener.port(), fixture.good());
    let callback = fixture.listener.callback(&fixture.pending).await;
    let shown = format!("{callback:?} {callback:#?} {:?} {:#?}", fixture.listener, fixture.listener);
    assert!(shown.contains("[redacted]"), "{shown}");
    callback.respond(ResultPage::SignedIn).await;
    let shown = shown + &page_shown.await.unwrap().unwrap();
    assert!(!shown.contains(super::fixture::CODE) && !shown.contains(&attempt_id), "{shown}");
}
