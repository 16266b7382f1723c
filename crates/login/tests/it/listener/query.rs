//! What the callback says.

use openrouter_oauth::CallbackError;
use openrouter_oauth_login::{Page, RejectedRequest};

use super::stage::{STOLEN, Stage, browser, status};

#[tokio::test]
async fn a_query_that_is_not_whole_is_no_answer() {
    // L-13, F44
    let mut stage = Stage::new().await;
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
        queries.iter().map(|query| stage.get(&format!("{}{query}", stage.path()))).collect();
    for (query, answer) in queries.iter().zip(stage.play(requests).await) {
        assert_eq!(status(&answer), 400, "{query}");
    }
    assert_eq!(stage.strays(), vec![RejectedRequest::Unreadable; queries.len()]);
}

#[tokio::test]
async fn a_refusal_at_openrouter_settles_a_sign_in() {
    let mut stage = Stage::new().await;
    for (query, page) in [
        ("error=access_denied", Page::Denied),
        ("error=access_denied&error_description=no%20thanks", Page::Denied),
        ("error=server_error", Page::Failed),
    ] {
        let request = stage.get(&format!("{}?{query}", stage.path()));
        let told = browser(stage.listener.port(), request);
        let visit = stage.listener.callback(&stage.pending).await;
        match page {
            Page::Denied => assert!(matches!(visit.code(), Err(CallbackError::Denied { .. })), "{visit:?}"),
            _ => assert!(matches!(visit.code(), Err(CallbackError::Failed { .. })), "{visit:?}"),
        }
        visit.answer(page).await;
        assert!(told.await.unwrap().unwrap().contains("You are not signed in"));
    }
    assert_eq!(stage.strays(), []);
}

#[tokio::test]
async fn nothing_shows_the_code_or_the_nonce() {
    // S-1, T-5
    let mut stage = Stage::new().await;
    let nonce = stage.pending.attempt_id().to_owned();
    let told = browser(stage.listener.port(), stage.good());
    let visit = stage.listener.callback(&stage.pending).await;
    let shown = format!("{visit:?} {visit:#?} {:?} {:#?}", stage.listener, stage.listener);
    assert!(shown.contains("[redacted]"), "{shown}");
    visit.answer(Page::SignedIn).await;
    let shown = shown + &told.await.unwrap().unwrap();
    assert!(!shown.contains(super::stage::CODE) && !shown.contains(&nonce), "{shown}");
}
