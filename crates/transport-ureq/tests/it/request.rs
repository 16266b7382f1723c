//! Tests of the requests that the transport rejects.

use std::error::Error as _;

use http::{Method, Request, Version};
use openrouter_oauth_transport::{ErrorKind, Limits};
use openrouter_oauth_transport_ureq::UreqTransport;

use crate::{
    send,
    server::{KEY, exchange, granting},
};

#[track_caller]
fn assert_rejected(transport: &UreqTransport, request: Request<bytes::Bytes>) {
    let error = send(transport, request, Limits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other, "{error:?}");
    assert!(!error.may_have_been_sent() && error.source().is_some(), "{error:?}");
}

#[test]
fn plain_text_goes_only_to_this_machine_and_the_named_host() {
    // C-9
    let plain = UreqTransport::builder().no_proxy().build().unwrap();
    let named =
        UreqTransport::builder().no_proxy().dangerously_allow_http("emulator.invalid").build().unwrap();
    for url in [
        "http://openrouter.ai",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "http://0.0.0.0",
        "ftp://127.0.0.1",
        "https://user:pass@127.0.0.1",
    ] {
        assert_rejected(&plain, exchange(url));
        assert_rejected(&named, exchange(url));
    }
    assert_rejected(&plain, exchange("http://emulator.invalid"));
    let error = send(&named, exchange("http://EMULATOR.invalid"), Limits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "it is allowed, but does not resolve: {error:?}");
    assert!(UreqTransport::builder().dangerously_allow_http("openrouter.ai").build().is_err());
}

#[test]
fn localhost_needs_no_name_lookup() {
    let server = granting();
    let url = format!("http://LocalHost:{}", server.address().port());
    assert_eq!(send(&UreqTransport::new(), exchange(&url), Limits::default()).unwrap().body(), KEY);
}

#[test]
fn only_http_1_1_without_connect_is_supported() {
    let server = granting();
    let mut request = exchange(server.origin());
    *request.version_mut() = Version::HTTP_2;
    assert_rejected(&UreqTransport::new(), request);
    let mut request = exchange(server.origin());
    *request.method_mut() = Method::CONNECT;
    assert_rejected(&UreqTransport::new(), request);
    assert_rejected(&UreqTransport::new(), Request::post("/api/v1/key").body("".into()).unwrap());
    assert_eq!(server.connections().unwrap(), 0);
}
