//! Redirects are not followed, because they could send a code, a verifier or a key to another host.

use openrouter_oauth::Error;
use openrouter_oauth_transport::testing::Capture;

use crate::support::{GRANT, Operation, client, describe, response};

const ELSEWHERE: &str = "https://evil.example/api/v1/auth/keys";

/// Redirects a call to all of `locations`. The call must return an error and send no second request.
async fn check(operation: Operation, status: u16, locations: &[&str], same_origin: bool) {
    let case = format!("{operation:?} {status} {locations:?}");
    let headers: Vec<_> = locations.iter().map(|&location| ("location", location)).collect();
    let capture = Capture::new(response(status, &headers, GRANT));
    let error = operation.call(&client(capture.clone())).await.unwrap_err();
    assert_eq!(describe(&error), format!("UnexpectedRedirect({same_origin})"), "{case}");
    assert!(
        matches!(error, Error::UnexpectedRedirect { status: reported, .. } if reported == status),
        "{case}"
    );
    assert!(error.may_have_been_sent(), "{case}");
    capture.expect_request();
}

#[tokio::test]
async fn redirect_is_not_followed() {
    // F31, C-10
    for operation in Operation::ALL {
        for status in [301, 302, 303, 307, 308] {
            check(operation, status, &[ELSEWHERE], false).await;
            check(operation, status, &["https://openrouter.ai/elsewhere"], true).await;
            check(operation, status, &["/elsewhere?a=b"], true).await;
            check(operation, status, &["elsewhere"], true).await;
            check(operation, status, &[], false).await;
        }
    }
}

#[tokio::test]
async fn redirect_to_the_same_url_is_not_followed() {
    // F31
    let location = "https://openrouter.ai/api/v1/auth/keys";
    check(Operation::ExchangeAuthCode, 307, &[location], true).await;
}

#[tokio::test]
async fn two_locations_are_same_origin_only_if_both_are() {
    // F31
    check(Operation::ExchangeAuthCode, 307, &["/a", "/b"], true).await;
    check(Operation::ExchangeAuthCode, 307, &["/a", ELSEWHERE], false).await;
    check(Operation::ExchangeAuthCode, 307, &[ELSEWHERE, "/a"], false).await;
}

#[tokio::test]
async fn lookalike_location_is_not_same_origin() {
    // F31, C-10
    for location in [
        "//openrouter.ai:1/",
        "/\\evil.example/",
        "\\/evil.example/",
        "https://openrouter.ai@evil.example/",
        "https://openrouter.ai.evil.example/",
        "https://openrouter.ai:444/",
        "http://openrouter.ai/",
        "javascript:x",
    ] {
        check(Operation::ExchangeAuthCode, 307, &[location], false).await;
    }
}

#[tokio::test]
async fn other_3xx_statuses_are_unexpected_redirects() {
    // F30
    for status in [300, 304, 305, 306, 399] {
        check(Operation::ExchangeAuthCode, status, &[], false).await;
        check(Operation::CurrentKey, status, &[ELSEWHERE], false).await;
    }
}
