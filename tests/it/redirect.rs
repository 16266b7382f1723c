//! Redirects are not followed: a code, a verifier or a key would go to another host (C-10).

use openrouter_oauth::Error;
use openrouter_oauth_tests::server::{Server, Step};

use crate::support::{GRANT, Operation, describe, exchange, over_a_socket};

/// Redirects to `location`, where `OTHER` is the origin of a second server and `SELF` that of the first.
async fn check(operation: Operation, status: u16, location: Option<&str>, same_origin: bool) {
    let case = format!("{operation:?} {status} {location:?}");
    let other = Server::start([Step::json(200, GRANT)]).await;
    let server = Server::start([]).await;
    let fill = |text: &str| text.replace("SELF", &server.origin()).replace("OTHER", &other.origin());
    let location = location.map(fill);
    let headers: Vec<_> = location.iter().map(|location| ("location", location.as_str())).collect();
    server.play([Step::with(status, &headers, GRANT)]);

    let error = operation.call(&over_a_socket(&server)).await.unwrap_err();
    assert_eq!(describe(&error), format!("UnexpectedRedirect({same_origin})"), "{case}");
    assert!(matches!(error, Error::UnexpectedRedirect { status: told, .. } if told == status), "{case}");
    assert!(error.may_have_been_sent(), "{case}");
    assert_eq!(server.requests().len(), 1, "{case}");
    assert_eq!(other.connections(), 0, "{case}");
}

#[tokio::test]
async fn no_redirect_is_followed() {
    // F31, C-10
    for operation in Operation::ALL {
        for status in [301, 302, 303, 307, 308] {
            check(operation, status, Some("OTHER/api/v1/auth/keys"), false).await;
            check(operation, status, Some("SELF/elsewhere"), true).await;
            check(operation, status, Some("/elsewhere?a=b"), true).await;
            check(operation, status, Some("elsewhere"), true).await;
            check(operation, status, None, false).await;
        }
    }
}

#[tokio::test]
async fn a_redirect_to_where_it_came_from_is_no_loop() {
    // F31
    check(Operation::ExchangeAuthCode, 307, Some("SELF/api/v1/auth/keys"), true).await;
}

#[tokio::test]
async fn a_redirect_to_two_places_is_within_only_if_both_are() {
    // F31
    for (locations, within) in [
        (["/a", "/b"], true),
        (["/a", "https://evil.example/"], false),
        (["https://evil.example/", "/a"], false),
    ] {
        let headers = locations.map(|location| ("location", location));
        let server = Server::start([Step::with(307, &headers, "")]).await;
        let error = over_a_socket(&server).exchange_auth_code(exchange()).await.unwrap_err();
        assert_eq!(describe(&error), format!("UnexpectedRedirect({within})"), "{locations:?}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_redirect_that_only_looks_like_one_within_is_told() {
    // F31, C-10
    for location in [
        "//127.0.0.1:1/",
        "/\\127.0.0.1:1/",
        "\\/127.0.0.1/",
        "SELF@127.0.0.1:1/",
        "https://127.0.0.1/",
        "javascript:x",
    ] {
        check(Operation::ExchangeAuthCode, 307, Some(location), false).await;
    }
}

#[tokio::test]
async fn other_statuses_of_that_class_are_no_success_either() {
    // F30
    for status in [300, 304, 305, 306, 399] {
        check(Operation::ExchangeAuthCode, status, None, false).await;
        check(Operation::CurrentKey, status, Some("OTHER/"), false).await;
    }
}
