//! What a connection to the listener of a login says.

use std::time::{Duration, Instant};

use openrouter_oauth::PendingSignIn;
use openrouter_oauth_login::{
    RejectedRequest,
    sans_io::{CallbackGuard, HeadProgress, HeadReader},
};

use crate::canary;

const PORT: u16 = 3000;
const PATH: &str = "/callback/bm9uY2Utb2YtdGVzdC0w";
const LAST: &[u8] = b"\r\n\r\n";

/// The bytes of a connection: however they are cut they are read the same, and only a browser that goes to the one path
/// of this sign-in gets through (L-5 to L-10, L-14, L-15).
pub fn listener(data: &[u8]) {
    let (step, reader) = say([data]);
    let cut = data.first().map_or(0, |byte| usize::from(*byte) % data.len());
    let (begin, end) = data.split_at(cut);
    assert_eq!(step, say([begin, end]).0);
    let (one_by_one, in_pieces) = say(data.chunks(1));
    assert_eq!(step, one_by_one);

    if step != HeadProgress::Complete {
        return;
    }
    let head = reader.bytes();
    assert_eq!(head, in_pieces.bytes());
    assert!(data.starts_with(head) && head.len() <= 8192 && head.ends_with(LAST));
    assert!(!head[..head.len() - 1].windows(LAST.len()).any(|bytes| bytes == LAST), "it ends once");
    match guard().check(head) {
        Ok(target) => assert_navigates(head, target),
        Err(
            RejectedRequest::Slow
            | RejectedRequest::Unreadable
            | RejectedRequest::Used
            | RejectedRequest::Dropped,
        ) => panic!("it cannot know"),
        Err(_) => {}
    }
}

/// What comes of a connection that says this, in these pieces, and then no more.
fn say<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (HeadProgress, HeadReader) {
    let now = Instant::now();
    let mut reader = HeadReader::new(now);
    for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
        match reader.receive(piece, now) {
            HeadProgress::More => {}
            step => return (step, reader),
        }
    }
    // Whatever was said, it is over when the time is.
    let end = reader.receive(&[], now + Duration::from_secs(5));
    assert!(matches!(end, HeadProgress::Close | HeadProgress::Reject(RejectedRequest::Slow)));
    (end, reader)
}

fn guard() -> CallbackGuard {
    let json = format!(
        r#"{{"version":1,"origin":"https://openrouter.ai","callback_url":"http://127.0.0.1:{PORT}{PATH}",
            "state":"c3RhdGUtb2YtdGVzdC0wMA","code_verifier":"{}"}}"#,
        canary::VERIFIER
    );
    let mut guard = CallbackGuard::new(PORT);
    guard.expect(&PendingSignIn::from_secret_json(&json).unwrap());
    guard
}

/// A second reading of a head that got through.
#[track_caller]
fn assert_navigates(head: &[u8], target: &str) {
    assert_eq!(target.split('?').next(), Some(PATH));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let line: Vec<_> = lines.next().unwrap().split(' ').collect();
    let ours = [format!("127.0.0.1:{PORT}"), format!("localhost:{PORT}")];
    let targets = [String::new(), format!("http://{}", ours[0]), format!("http://{}", ours[1])];
    assert!(targets.iter().any(|place| line[1] == format!("{place}{target}")), "{line:?}");
    assert!(line[0] == "GET" && ["HTTP/1.0", "HTTP/1.1"].contains(&line[2]) && line.len() == 3, "{line:?}");

    let mut hosts = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').expect("a name");
        let value = value.trim_matches([' ', '\t']);
        match &*name.to_ascii_lowercase() {
            "host" => hosts.push(value),
            "sec-fetch-mode" => assert_eq!(value, "navigate"),
            "sec-fetch-dest" => assert_eq!(value, "document"),
            "content-length" => assert!(value.bytes().all(|byte| byte.is_ascii_digit())),
            name => assert!(
                !["origin", "sec-purpose", "purpose", "transfer-encoding", "upgrade"].contains(&name),
                "{name}"
            ),
        }
    }
    assert!(matches!(hosts[..], [host] if ours.iter().any(|ours| ours == host)), "{hosts:?}");
}
