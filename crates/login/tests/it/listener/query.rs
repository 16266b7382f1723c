//! What the callback says.

use openrouter_oauth::CallbackError;
use openrouter_oauth_login::{RejectedRequest, ResultPage};

use super::stage::{STOLEN, Stage, browser, status};

#[tokio::test]
async fn incomplete_query_is_rejected() {
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
    assert_eq!(stage.rejected(), vec![RejectedRequest::Unreadable; queries.len()]);
}

#[tokio::test]
async fn error_of_openrouter_settles_a_sign_in() {
    let mut stage = Stage::new().await;
    for (query, page) in [
        ("error=access_denied", ResultPage::Denied),
        ("error=access_denied&error_description=no%20thanks", ResultPage::Denied),
        ("error=server_error", ResultPage::Failed),
    ] {
        let request = stage.get(&format!("{}?{query}", stage.path()));
        let told = browser(stage.listener.port(), request);
        let callback = stage.listener.callback(&stage.pending).await;
        match page {
            ResultPage::Denied => {
                assert!(matches!(callback.code(), Err(CallbackError::Denied { .. })), "{callback:?}");
            }
            _ => assert!(matches!(callback.code(), Err(CallbackError::Failed { .. })), "{callback:?}"),
        }
        callback.respond(page).await;
        assert!(told.await.unwrap().unwrap().contains("You are not signed in"));
    }
    assert_eq!(stage.rejected(), []);
}

#[tokio::test]
async fn debug_shows_neither_code_nor_nonce() {
    // S-1, T-5
    let mut stage = Stage::new().await;
    let nonce = stage.pending.nonce().unwrap().to_owned();
    let told = browser(stage.listener.port(), stage.good());
    let callback = stage.listener.callback(&stage.pending).await;
    let shown = format!("{callback:?} {callback:#?} {:?} {:#?}", stage.listener, stage.listener);
    assert!(shown.contains("[redacted]"), "{shown}");
    callback.respond(ResultPage::SignedIn).await;
    let shown = shown + &told.await.unwrap().unwrap();
    assert!(!shown.contains(super::stage::CODE) && !shown.contains(&nonce), "{shown}");
}
