//! `GET /key`

use openrouter_oauth::{
    ApiKey, Client,
    models::{Nullable, Timestamp, UsageLimitType},
};
use openrouter_oauth_tests::{
    canary,
    server::{Server, Step},
};

use crate::support::{
    ANY, Operation, USER_AGENT_OF_APP, assert_sent, attributed, check_refusals, check_words, client, describe,
};

#[tokio::test]
async fn the_request_is_this_and_nothing_more() {
    // C-16: no body, and no length or type of one.
    let server = Server::start([Step::json(200, Operation::CurrentKey.success())]).await;
    attributed(&server).current_key().await.unwrap();
    let authorization = format!("authorization: Bearer {}", canary::KEY);
    assert_sent(
        &server,
        &[
            "GET /api/v1/key HTTP/1.1",
            "accept-encoding: identity",
            "accept: application/json",
            &authorization,
            "host: 127.0.0.1:PORT",
            "http-referer: https://my.app",
            USER_AGENT_OF_APP,
            "x-openrouter-categories: cli-agent,ide-extension",
            "x-openrouter-title: My app",
            "",
            "",
        ],
    );
}

#[tokio::test]
async fn the_documented_answer_is_read() {
    let server = Server::start([Step::json(
        200,
        r#"{"data":{"byok_usage":17.38,"byok_usage_daily":1,"byok_usage_monthly":3,"byok_usage_weekly":2,
            "creator_user_id":"user_2dHF","expires_at":"2027-12-31T23:59:59Z","include_byok_in_limit":false,
            "is_free_tier":false,"is_management_key":true,"is_provisioning_key":true,"label":"sk-or-v1-au7...890",
            "limit":100,"limit_remaining":74.5,"limit_reset":"monthly","new_field":{"a":[1]},
            "rate_limit":{"interval":"1h","note":"This field is deprecated and safe to ignore.","requests":1000},
            "usage":25.5,"usage_daily":4,"usage_monthly":6,"usage_weekly":5}}"#,
    )])
    .await;
    let info = client(&server).current_key().await.unwrap();
    assert_eq!(info.label.as_deref(), Some("sk-or-v1-au7...890"));
    assert_eq!((info.limit, info.limit_remaining), (100.0.into(), 74.5.into()));
    assert_eq!(info.limit_reset, Nullable::Value(UsageLimitType::Monthly));
    assert_eq!(info.expires_at, Nullable::Value(Timestamp::parse("2027-12-31T23:59:59Z").unwrap()));
    assert_eq!(info.usage, Some(25.5));
    assert_eq!((info.usage_daily, info.usage_weekly, info.usage_monthly), (Some(4.0), Some(5.0), Some(6.0)));
    assert_eq!(info.is_management_key, Some(true));
    assert_eq!(info.rate_limit.unwrap().requests, Some(1000));
}

#[tokio::test]
async fn fields_that_are_missing_or_null_are_told_apart() {
    let body = r#"{"data":{"limit":null,"expires_at":null}}"#;
    let server = Server::start([Step::json(200, body), Step::json(200, r#"{"data":{}}"#)]).await;
    let client = client(&server);
    let null = client.current_key().await.unwrap();
    assert_eq!((null.limit, null.expires_at), (Nullable::Null, Nullable::Null));
    let absent = client.current_key().await.unwrap();
    assert_eq!((absent.limit, absent.expires_at), (Nullable::Absent, Nullable::Absent));
}

#[tokio::test]
async fn the_key_may_come_from_a_source_that_is_asked_for_each_call() {
    let server = Server::start([Step::json(200, Operation::CurrentKey.success())]).await;
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let client = Client::builder()
        .base_url(server.base_url())
        .api_key_source(move || {
            let number = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            async move { Ok(ApiKey::parse(&format!("key-{number}"))?) }
        })
        .build()
        .unwrap();
    for _ in 0..2 {
        client.current_key().await.unwrap();
    }
    client.signing_keys().await.unwrap_err();
    let received = server.requests();
    assert_eq!(received[0].header("authorization"), ["Bearer key-0"]);
    assert_eq!(received[1].header("authorization"), ["Bearer key-1"]);
    assert!(received[2].header("authorization").is_empty());
}

#[tokio::test]
async fn a_source_that_fails_sends_nothing() {
    let server = Server::start([Step::json(200, "{}")]).await;
    let client = Client::builder()
        .base_url(server.base_url())
        .api_key_source(|| async { Err("the vault is locked".into()) })
        .build()
        .unwrap();
    let error = client.current_key().await.unwrap_err();
    assert_eq!(describe(&error), "KeySource");
    assert!(canary::everything(&error).contains("the vault is locked"));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_key_stays_with_its_service() {
    // S-10
    let [home, other] = [(); 2].map(|()| Server::start([Step::json(200, Operation::CurrentKey.success())]));
    let (home, other) = (home.await, other.await);
    let client = client(&home);
    let error = client.current_key().base_url(&other.base_url()).await.unwrap_err();
    assert_eq!(describe(&error), "MissingKey");
    assert_eq!(other.connections(), 0);
    // The same origin with another path keeps it, and so does a call that needs none.
    client.current_key().base_url(&format!("{}/v2", home.origin())).await.unwrap();
    assert_eq!(home.request().line, "GET /v2/key HTTP/1.1");
    let unreadable = client.signing_keys().base_url(&other.base_url()).await.unwrap_err();
    assert_eq!(describe(&unreadable), "OutcomeUnknown(Unreadable), retryable");
    assert!(other.request().header("authorization").is_empty());
}

#[tokio::test]
async fn every_status_is_told_whatever_the_body() {
    check_refusals(
        Operation::CurrentKey,
        &[
            // Documented.
            (&[401], ANY, "Api Unauthorized", 1),
            (&[500], ANY, "Api ServerError, retryable", 3),
            // Others.
            (&[400, 413, 415, 422], ANY, "Api InvalidRequest", 1),
            (&[403], ANY, "Api Forbidden", 1),
            (&[404, 405], ANY, "Api NotFound", 1),
            (&[409], ANY, "Api Conflict, retryable", 1),
            (&[429], ANY, "RateLimited RateLimited, retryable", 3),
            (&[402, 406, 418, 451, 499], ANY, "Api Other", 1),
            (&[408, 421, 425], ANY, "Api Other, retryable", 3),
            (&[503], ANY, "ServiceUnavailable ServerError, retryable", 3),
            (&[501, 502, 504, 520, 522, 524, 599], ANY, "Api ServerError, retryable", 3),
        ],
    )
    .await;
}

#[tokio::test]
async fn both_wordings_of_a_bad_key_mean_the_same() {
    check_words(
        Operation::CurrentKey,
        &[
            (401, r#"{"error":{"message":"User not found.","code":401}}"#, "Api Unauthorized"),
            (401, r#"{"error":{"message":"Missing Authentication header","code":401}}"#, "Api Unauthorized"),
        ],
    )
    .await;
}
