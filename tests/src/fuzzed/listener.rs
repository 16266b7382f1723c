//! The bytes of a connection to the listener of a login.

use openrouter_oauth::PendingSignIn;
use openrouter_oauth_login::{RejectedRequest, fuzzing::CallbackRules};

use crate::canary;

const PORT: u16 = 3000;
const PATH: &str = "/callback/bm9uY2Utb2YtdGVzdC0w";
const LAST: &[u8] = b"\r\n\r\n";
const MAX_HEAD_BYTES: usize = 8192;

/// Checks the bytes of a connection: the listener reads them the same however they are split, and accepts only a
/// browser that navigates to the path of this sign-in.
pub fn listener(data: &[u8]) {
    // L-5 to L-10, L-14, L-15
    let rules = rules();
    let read = rules.read([data]);
    let cut = data.first().map_or(0, |byte| usize::from(*byte) % data.len());
    let (begin, end) = data.split_at(cut);
    assert_eq!(read, rules.read([begin, end]));
    assert_eq!(read, rules.read(data.chunks(1)));
    match read {
        None => assert!(data.is_empty(), "bytes get a response"),
        Some(Ok(target)) => {
            // A head ends once, and later bytes are ignored.
            let end = data.windows(LAST.len()).position(|bytes| bytes == LAST).expect("an end");
            let head = &data[..end + LAST.len()];
            assert!(head.len() <= MAX_HEAD_BYTES);
            assert_eq!(rules.check(head), Ok(target.as_str()));
            assert_navigates(head, &target);
        }
        Some(Err(
            RejectedRequest::Slow
            | RejectedRequest::Unreadable
            | RejectedRequest::Used
            | RejectedRequest::Dropped,
        )) => panic!("it cannot know"),
        Some(Err(_)) => {}
    }
}

fn rules() -> CallbackRules {
    let json = format!(
        r#"{{"version":1,"origin":"https://openrouter.ai","callback_url":"http://127.0.0.1:{PORT}{PATH}",
            "state":"c3RhdGUtb2YtdGVzdC0wMA","code_verifier":"{}","begun_at":0}}"#,
        canary::VERIFIER
    );
    CallbackRules::new(PORT, &PendingSignIn::from_secret_json(&json).unwrap())
}

/// Parses an accepted head a second time, independently.
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
