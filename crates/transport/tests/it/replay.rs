//! Tests of `Replay::verify`, for requests that match the script and for those that differ.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth_transport::{
    Limits, Transport,
    testing::{Replay, ReplayStep},
};

fn request(method: &str, uri: &str, header: &'static str, body: &'static str) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(uri).header("x-app", header);
    request.header("x-more", "more").body(body.into()).unwrap()
}

/// Returns the panic message of `verify`.
fn verify_error(replay: &Replay) -> Option<String> {
    let verified = catch_unwind(AssertUnwindSafe(|| replay.verify()));
    verified.err().map(|panic| *panic.downcast::<String>().unwrap())
}

#[tokio::test]
async fn verify_names_the_difference_and_shows_no_body() {
    let mut expected = request("POST", "https://a.example/", "app", "s3cret");
    // A sent request may have additional headers.
    expected.headers_mut().remove("x-more");
    for (sent, message) in [
        (request("POST", "https://a.example/", "app", "s3cret"), None),
        (request("PUT", "https://a.example/", "app", "s3cret"), Some("request 1: the method differs")),
        (request("POST", "https://a.example/b", "app", "s3cret"), Some("request 1: the URI differs")),
        (
            request("POST", "https://a.example/", "other", "s3cret"),
            Some("request 1: the header x-app differs"),
        ),
        (request("POST", "https://a.example/", "app", "0ther"), Some("request 1: the body differs")),
    ] {
        let replay = Replay::new([
            ReplayStep::new(Ok(Response::default())),
            ReplayStep::new(Ok(Response::default())).to(expected.clone()),
        ]);
        for request in [Request::default(), sent] {
            replay.send(request, Limits::default()).await.unwrap();
        }
        assert_eq!(verify_error(&replay).as_deref(), message);
    }
}

#[tokio::test]
async fn verify_counts_missing_and_extra_requests() {
    let replay = Replay::new([ReplayStep::new(Ok(Response::default()))]);
    assert_eq!(verify_error(&replay).as_deref(), Some("1 responses were not used"));
    replay.send(Request::default(), Limits::default()).await.unwrap();
    assert_eq!(verify_error(&replay), None);
    replay.send(Request::default(), Limits::default()).await.unwrap_err();
    assert_eq!(verify_error(&replay).as_deref(), Some("1 requests were sent after the end of the script"));
}
