//! Paths: only the callback's is accepted.

use openrouter_oauth_login::{RejectedRequest, fuzzing::CallbackRules};

use super::fixture::{Fixture, MANY, STOLEN, begin, status};

/// Returns `attempt_id` with another character at `position`.
fn near(attempt_id: &str, position: usize) -> String {
    let mut near = attempt_id.to_owned();
    let other = if attempt_id[position..].starts_with('A') { "B" } else { "A" };
    near.replace_range(position..=position, other);
    near
}

#[tokio::test]
async fn listener_rejects_every_other_path() {
    // L-5, L-6, L-7, L-11
    let mut fixture = Fixture::new().await;
    let attempt_id = fixture.pending.attempt_id().to_owned();
    let elsewhere = begin(&fixture.listener).attempt_id().to_owned();
    let mut paths: Vec<String> = [
        "/",
        "//",
        "/callback",
        "/callback/",
        "/cancel",
        "/success",
        "/favicon.ico",
        "/robots.txt",
        "/index.html",
        "/auth",
        "/oauth/callback",
        "/login",
        "/shutdown",
        "/health",
        "/.well-known/oauth-authorization-server",
        "/callback/undefined",
        "/callback/%00",
        "/callback?nonce",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.extend([
        format!("/{attempt_id}"),
        format!("//callback/{attempt_id}"),
        format!("/callback//{attempt_id}"),
        format!("/callback/{attempt_id}/"),
        format!("/callback/{attempt_id}/cancel"),
        format!("/callback/{attempt_id};"),
        format!("/callback/{attempt_id}%20"),
        format!("/callback/./{attempt_id}"),
        format!("/x/../callback/{attempt_id}"),
        format!("/Callback/{attempt_id}"),
        format!("/callback/{}", attempt_id.to_lowercase()),
        format!("/callback/{}", &attempt_id[1..]),
        format!("/callback/{attempt_id}{attempt_id}"),
        format!("/callback/%{:02x}{}", attempt_id.as_bytes()[0], &attempt_id[1..]),
        format!("/callback/{elsewhere}"),
    ]);
    paths.extend((0..attempt_id.len()).map(|position| format!("/callback/{}", near(&attempt_id, position))));
    assert!(!paths.contains(&fixture.path()));
    let mut requests = Vec::new();
    for path in &paths {
        for query in
            ["", "?error=access_denied", &format!("?code={STOLEN}"), &format!("?/callback/{attempt_id}")]
        {
            requests.push(fixture.get(&format!("{path}{query}")));
        }
    }
    let responses = fixture.play(requests.clone()).await;
    for (request, response) in requests.iter().zip(&responses) {
        assert_eq!(status(response), 404, "{request}");
        // A near miss gets the same response as any other path.
        assert_eq!(response, &responses[0]);
    }
    assert_eq!(fixture.rejected(), vec![RejectedRequest::NotFound; requests.len()]);
}

#[tokio::test]
async fn every_wrong_request_is_reported() {
    // L-7, F42
    let mut fixture = Fixture::new().await;
    let attempt_id = fixture.pending.attempt_id().to_owned();
    let request = |number: usize| {
        fixture.get(&format!("/callback/{}?code={STOLEN}", near(&attempt_id, number % attempt_id.len())))
    };
    let requests: Vec<_> = (0..10 * MANY).map(request).collect();
    let responses = fixture.play(requests).await;
    assert!(responses.iter().all(|response| status(response) == 404));
    assert_eq!(fixture.rejected(), vec![RejectedRequest::NotFound; 10 * MANY]);
}

#[tokio::test]
async fn million_wrong_attempt_ids_are_rejected() {
    // L-5
    let fixture = Fixture::new().await;
    let rules = CallbackRules::new(fixture.listener.port(), &fixture.pending);
    let good = fixture.good();
    let right = fixture.pending.attempt_id().as_bytes();
    let begin = good.find(fixture.pending.attempt_id()).unwrap();
    let mut head = good.clone().into_bytes();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut wrong = 0;
    while wrong < 1_000_000 {
        let attempt_id = &mut head[begin..begin + right.len()];
        if wrong % 2 == 0 {
            // All characters but one are right.
            attempt_id.copy_from_slice(right);
            attempt_id[random.below(right.len())] = random.letter();
        } else {
            attempt_id.fill_with(|| random.letter());
        }
        if *attempt_id != *right {
            assert_eq!(rules.check(&head), Err(RejectedRequest::NotFound));
            wrong += 1;
        }
    }
    let target = rules.check(good.as_bytes()).unwrap();
    assert_eq!(fixture.pending.read_callback(target).unwrap().expose(), super::fixture::CODE);
}

/// A xorshift generator, which gives the same IDs in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn letter(&mut self) -> u8 {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[self.below(64)]
    }
}
