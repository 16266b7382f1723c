//! Paths: there is one.

use openrouter_oauth_login::{RejectedRequest, sans_io::Site};

use super::stage::{STOLEN, Stage, begin, status};

/// `nonce` with another character at `place`.
fn near(nonce: &str, place: usize) -> String {
    let mut near = nonce.to_owned();
    let other = if nonce[place..].starts_with('A') { "B" } else { "A" };
    near.replace_range(place..=place, other);
    near
}

#[tokio::test]
async fn no_other_path_exists() {
    // L-5, L-6, L-7, L-11
    let mut stage = Stage::new().await;
    let nonce = stage.pending.attempt_id().to_owned();
    let elsewhere = begin(&stage.listener).attempt_id().to_owned();
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
        format!("/{nonce}"),
        format!("//callback/{nonce}"),
        format!("/callback//{nonce}"),
        format!("/callback/{nonce}/"),
        format!("/callback/{nonce}/cancel"),
        format!("/callback/{nonce};"),
        format!("/callback/{nonce}%20"),
        format!("/callback/./{nonce}"),
        format!("/x/../callback/{nonce}"),
        format!("/Callback/{nonce}"),
        format!("/callback/{}", nonce.to_lowercase()),
        format!("/callback/{}", &nonce[1..]),
        format!("/callback/{nonce}{nonce}"),
        format!("/callback/%{:02x}{}", nonce.as_bytes()[0], &nonce[1..]),
        format!("/callback/{elsewhere}"),
    ]);
    paths.extend((0..nonce.len()).map(|place| format!("/callback/{}", near(&nonce, place))));
    assert!(!paths.contains(&stage.path()));
    let mut requests = Vec::new();
    for path in &paths {
        for query in ["", "?error=access_denied", &format!("?code={STOLEN}"), &format!("?/callback/{nonce}")]
        {
            requests.push(stage.get(&format!("{path}{query}")));
        }
    }
    let answers = stage.play(requests.clone()).await;
    for (request, answer) in requests.iter().zip(&answers) {
        assert_eq!(status(answer), 404, "{request}");
        // A near miss is told what a far one is.
        assert_eq!(answer, &answers[0]);
    }
    assert_eq!(stage.strays(), vec![RejectedRequest::NotFound; requests.len()]);
}

#[tokio::test]
async fn ten_thousand_wrong_requests_are_told_of_and_change_nothing() {
    // L-7, F42
    let mut stage = Stage::new().await;
    let nonce = stage.pending.attempt_id().to_owned();
    let request =
        |number: usize| stage.get(&format!("/callback/{}?code={STOLEN}", near(&nonce, number % nonce.len())));
    let requests: Vec<_> = (0..10_000).map(request).collect();
    let answers = stage.play(requests).await;
    assert!(answers.iter().all(|answer| status(answer) == 404));
    assert_eq!(stage.strays(), vec![RejectedRequest::NotFound; 10_000]);
}

#[tokio::test]
async fn a_million_wrong_nonces_change_nothing() {
    // L-5
    let stage = Stage::new().await;
    let mut site = Site::new(stage.listener.port());
    site.expect(&stage.pending);
    let good = stage.good();
    let right = stage.pending.attempt_id().as_bytes();
    let begin = good.find(stage.pending.attempt_id()).unwrap();
    let mut head = good.clone().into_bytes();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut wrong = 0;
    while wrong < 1_000_000 {
        let nonce = &mut head[begin..begin + right.len()];
        if wrong % 2 == 0 {
            // All but one character is right.
            nonce.copy_from_slice(right);
            nonce[random.below(right.len())] = random.letter();
        } else {
            nonce.fill_with(|| random.letter());
        }
        if *nonce != *right {
            assert_eq!(site.decide(&head), Err(RejectedRequest::NotFound));
            wrong += 1;
        }
    }
    let target = site.decide(good.as_bytes()).unwrap();
    assert_eq!(stage.pending.read_callback(target).unwrap().expose(), super::stage::CODE);
}

/// Xorshift, for the same nonces in every run.
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
