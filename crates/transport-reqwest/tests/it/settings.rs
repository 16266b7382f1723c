//! Tests of the table of [`ReqwestTransport::from_client_unchecked`]: the contract suite reports each setting.

use std::{future::ready, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue};
use openrouter_oauth_transport::ErrorKind;
use openrouter_oauth_transport_contract::{ClosedPort, Scheme, Violation, run, scenarios};
use openrouter_oauth_transport_reqwest::ReqwestTransport;
use reqwest::{
    ClientBuilder,
    cookie::Jar,
    dns::{Name, Resolve, Resolving},
    redirect, retry,
};

use crate::{
    assert_maybe_sent, client_builder,
    failure::assert_not_sent,
    install_provider, send,
    server::{GRANT, KEY, responding},
    transport,
};

/// Checks that the scenario reports this rule with this setting, and only because of it.
async fn assert_reported(rule: u8, scenario: &str, set: impl FnOnce(ClientBuilder) -> ClientBuilder) {
    let scenario = scenarios().find(|one| one.name() == scenario).unwrap();
    let scheme = Scheme::http();
    let good = transport(client_builder());
    assert_eq!(scenario.run_over(&good, &scheme).await, Ok(()));
    let bad = transport(set(client_builder()));
    let violation = scenario.run_over(&bad, &scheme).await.unwrap_err();
    assert_eq!((violation.scenario(), violation.rule()), (scenario.name(), rule));
}

#[tokio::test]
async fn followed_redirect_is_reported() {
    let scenario = "redirect_is_returned_and_not_followed";
    assert_reported(1, scenario, |builder| builder.redirect(redirect::Policy::default())).await;
}

#[tokio::test]
async fn redirect_to_another_scheme_may_have_been_sent() {
    let server = responding("HTTP/1.1 303 x\r\nlocation: ftp://127.0.0.1/x\r\ncontent-length: 0\r\n\r\n");
    assert_maybe_sent(send(&following(), server.origin()).await, ErrorKind::Other, "ftp");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn redirect_to_a_closed_port_looks_not_sent() {
    // The docs of `from_client_unchecked` warn of this.
    let port = ClosedPort::new().unwrap();
    let location = port.origin();
    let server = responding(format!("HTTP/1.1 303 x\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"));
    assert_not_sent(send(&following(), server.origin()).await, ErrorKind::Connect, "closed port");
    assert_eq!(server.requests().len(), 1);
}

fn following() -> ReqwestTransport {
    transport(client_builder().redirect(redirect::Policy::default()))
}

#[tokio::test]
async fn retries_are_reported() {
    let lost = retry::for_host("127.0.0.1").classify_fn(|seen| match seen.status() {
        None => seen.retryable(),
        Some(_) => seen.success(),
    });
    assert_reported(1, "request_is_sent_once_when_no_response_comes", |builder| builder.retry(lost)).await;
}

#[tokio::test]
async fn requested_compression_is_reported() {
    assert_reported(2, "request_arrives_unchanged", |builder| builder.gzip(true)).await;
    assert_reported(2, "request_arrives_unchanged", |builder| builder.deflate(true)).await;
}

#[tokio::test]
async fn added_headers_are_reported() {
    let headers = HeaderMap::from_iter([(http::header::ORIGIN, HeaderValue::from_static("null"))]);
    assert_reported(2, "request_arrives_unchanged", |builder| builder.default_headers(headers)).await;
    assert_reported(2, "request_arrives_unchanged", |builder| builder.user_agent("mine/1")).await;
}

#[tokio::test]
async fn shared_cookies_are_reported() {
    assert_reported(2, "requests_share_no_state", |builder| builder.cookie_store(true)).await;
    let jar = Arc::new(Jar::default());
    assert_reported(2, "requests_share_no_state", |builder| builder.cookie_provider(jar)).await;
}

#[tokio::test]
async fn ignored_headers_are_reported() {
    // The scenario expects an error for a response with an invalid header.
    let scenario = "errors_show_no_header_and_no_body";
    assert_reported(7, scenario, |builder| builder.http1_ignore_invalid_headers_in_responses(true)).await;
}

#[tokio::test]
async fn early_timeout_is_reported() {
    let scenario = "deadline_covers_waiting_for_the_response";
    assert_reported(4, scenario, |builder| builder.read_timeout(Duration::from_millis(50))).await;
}

struct FailingResolver;

impl Resolve for FailingResolver {
    fn resolve(&self, _name: Name) -> Resolving {
        Box::pin(ready(Err("looked up".into())))
    }
}

#[tokio::test]
async fn localhost_needs_no_name_lookup() {
    // C-9
    let server = responding(GRANT);
    let transport = transport(client_builder().dns_resolver(FailingResolver));
    let url = format!("http://LocalHost:{}", server.address().port());
    assert_eq!(send(&transport, &url).await.unwrap(), KEY);
}

#[tokio::test]
async fn missing_http_1_is_reported() {
    assert_reported(3, "every_status_is_returned", ClientBuilder::http2_prior_knowledge).await;
}

#[tokio::test]
async fn client_with_default_settings_is_reported() {
    install_provider();
    let transport = ReqwestTransport::from_client_unchecked(reqwest::Client::new());
    let violations = run(&transport).await.unwrap_err();
    let rules: Vec<_> = violations.iter().map(Violation::rule).collect();
    // The redirect, and the compression that the feature `gzip` enables.
    assert!(rules.contains(&1) && rules.contains(&2), "{violations}");
}
