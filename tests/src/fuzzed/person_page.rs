//! A page that the emulator's person looks at.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use openrouter_oauth_emulator::{Outcome, Person, PersonError};
use openrouter_oauth_transport::from_fn;

use super::ready;

/// A page, which is shown again after each button: it is read to its end, and a button makes one request.
pub fn person_page(html: &[u8]) {
    let page = Bytes::copy_from_slice(html);
    let requests = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&requests);
    let transport = from_fn(move |request: http::Request<Bytes>, _| {
        assert!(request.uri().host().is_some(), "{}", request.uri());
        assert!(request.body().is_empty() || request.method() == Method::POST);
        counted.fetch_add(1, Ordering::Relaxed);
        let mut response = Response::new(page.clone());
        // A button leads to the same page, or to a refusal that quotes it.
        if request.method() == Method::POST {
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
        std::future::ready(Ok(response))
    });
    let run = async {
        let page = Person::new(transport).open("http://localhost:3000/auth?a=b").await.unwrap();
        let text = page.text();
        assert_eq!(text.trim(), text);
        assert!(!text.contains("  ") && !text.contains('\n'));
        for pressed in [page.approve(Some(1.5)).await, page.approve(None).await, page.deny().await] {
            check(pressed, &text);
        }
    };
    ready(run).expect("nothing is waited for");
    assert!(requests.load(Ordering::Relaxed) <= 4);
}

fn check(pressed: Result<Outcome, PersonError>, page: &str) {
    match pressed {
        Ok(Outcome::Redirected(to)) => panic!("nobody redirects, to {to}"),
        Ok(_) | Err(PersonError::NoButton(_) | PersonError::Url) => {}
        Err(PersonError::Refused { status, text }) => {
            assert_eq!((status, &*text), (StatusCode::BAD_REQUEST, page));
        }
        Err(error) => panic!("{error}"),
    }
}
