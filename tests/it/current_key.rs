//! `GET /key`

use http::Response;
use openrouter_oauth::{
    ApiKey, Client,
    models::{Nullable, Timestamp, UsageLimitType},
};
use openrouter_oauth_tests::canary;
use openrouter_oauth_transport::testing::{Capture, ManualTimer};

use crate::support::{Operation, USER_AGENT_OF_APP, assert_sent, attributed, client, describe};

#[tokio::test]
async fn request_has_exactly_these_parts() {
    // C-16: no body, and no headers for its length or type.
    let capture = Capture::new(Response::new(Operation::CurrentKey.success().into()));
    attributed(capture.clone()).current_key().await.unwrap();
    let authorization = format!("authorization: Bearer {}", canary::KEY);
    assert_sent(
        &capture,
        &[
            "GET https://openrouter.ai/api/v1/key",
            "accept-encoding: identity",
            "accept: application/json",
            &authorization,
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
async fn documented_response_is_read() {
    let body = r#"{"data":{"byok_usage":17.38,"byok_usage_daily":1,"byok_usage_monthly":3,"byok_usage_weekly":2,
            "creator_user_id":"user_2dHF","expires_at":"2027-12-31T23:59:59Z","include_byok_in_limit":false,
            "is_free_tier":false,"is_management_key":true,"is_provisioning_key":true,"label":"sk-or-v1-au7...890",
            "limit":100,"limit_remaining":74.5,"limit_reset":"monthly","new_field":{"a":[1]},
            "rate_limit":{"interval":"1h","note":"This field is deprecated and safe to ignore.","requests":1000},
            "usage":25.5,"usage_daily":4,"usage_monthly":6,"usage_weekly":5}}"#;
    let info = client(Capture::new(Response::new(body.into()))).current_key().await.unwrap();
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
async fn missing_field_differs_from_a_null_one() {
    let read = async |body: &'static str| {
        let info = client(Capture::new(Response::new(body.into()))).current_key().await.unwrap();
        (info.limit, info.expires_at)
    };
    let null = read(r#"{"data":{"limit":null,"expires_at":null}}"#).await;
    assert_eq!(null, (Nullable::Null, Nullable::Null));
    assert_eq!(read(r#"{"data":{}}"#).await, (Nullable::Absent, Nullable::Absent));
}

#[tokio::test]
async fn key_source_is_asked_for_every_call() {
    let capture = Capture::new(Response::new(Operation::CurrentKey.success().into()));
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let client = Client::builder()
        .transport(capture.clone())
        .timer(ManualTimer::new())
        .api_key_source(move || {
            let number = calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            async move { Ok(ApiKey::parse(&format!("key-{number}"))?) }
        })
        .build()
        .unwrap();
    for key in ["Bearer key-0", "Bearer key-1"] {
        client.current_key().await.unwrap();
        let request = capture.expect_request();
        assert_eq!(request.headers().get_all("authorization").iter().collect::<Vec<_>>(), [key]);
    }
    client.signing_keys().await.unwrap_err();
    assert!(!capture.expect_request().headers().contains_key("authorization"));
}

#[tokio::test]
async fn failing_key_source_sends_nothing() {
    let capture = Capture::new(Response::new("{}".into()));
    let client = Client::builder()
        .transport(capture.clone())
        .timer(ManualTimer::new())
        .api_key_source(|| async { Err("the vault is locked".into()) })
        .build()
        .unwrap();
    let error = client.current_key().await.unwrap_err();
    assert_eq!(describe(&error), "KeySource");
    assert!(canary::everything(&error).contains("the vault is locked"));
    capture.expect_no_request();
}

#[tokio::test]
async fn key_goes_only_to_its_service() {
    // S-10
    let capture = Capture::new(Response::new(Operation::CurrentKey.success().into()));
    let client = client(capture.clone());
    let other = "https://other.example/api/v1";
    let error = client.current_key().base_url(other).await.unwrap_err();
    assert_eq!(describe(&error), "MissingKey");
    capture.expect_no_request();
    // The key also goes to another path of the same origin. A call that needs no key works with any origin.
    client.current_key().base_url("https://openrouter.ai/v2").await.unwrap();
    assert_eq!(capture.expect_request().uri(), "https://openrouter.ai/v2/key");
    let unreadable = client.signing_keys().base_url(other).await.unwrap_err();
    assert_eq!(describe(&unreadable), "UnexpectedResponse");
    let request = capture.expect_request();
    assert_eq!(request.uri(), "https://other.example/api/v1/oauth/jwks");
    assert!(!request.headers().contains_key("authorization"));
}
