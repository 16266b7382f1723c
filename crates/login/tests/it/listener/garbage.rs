//! Input that is not a request, or that could be read as two requests.

use openrouter_oauth_login::RejectedRequest;

use super::fixture::{Fixture, status};

/// Heads that servers and proxies are known to read in different ways, made from one that would settle a sign-in. The
/// listener must reject all of them.
fn smuggled(head: &Head) -> Vec<String> {
    [head.ends(), head.controls(), head.lines(), head.names(), head.bodies(), head.protocols()].concat()
}

struct Head {
    target: String,
    host: String,
}

impl Head {
    fn good(&self) -> String {
        self.with("Accept: */*")
    }

    fn with(&self, lines: &str) -> String {
        self.line(&format!("GET {} HTTP/1.1", self.target))
            .replace("\r\n\r\n", &format!("\r\n{lines}\r\n\r\n"))
    }

    fn line(&self, line: &str) -> String {
        format!("{line}\r\nHost: {}\r\n\r\n", self.host)
    }

    /// Invalid line ends.
    fn ends(&self) -> Vec<String> {
        let mut heads = Vec::new();
        let good = self.good();
        for end in [
            "\n", "\r", "\n\r", "\r\r\n", "\r\n\n", "\n\n", "\0\r\n", "\x0b\r\n", "\x0c\r\n", "\r\0\n",
            "\r \n",
        ] {
            heads.push(good.replacen("\r\n", end, 1));
            heads.push(good.replace("\r\nAccept", &format!("{end}Accept")));
            heads.push(good.replace("*/*\r\n", &format!("*/*{end}")));
        }
        heads.push(format!("\r\n{good}"));
        heads.push(format!("\n{good}"));
        heads.push(format!(" {good}"));
        heads.push(format!("\t{good}"));
        heads
    }

    /// Control characters in every part of the text.
    fn controls(&self) -> Vec<String> {
        let mut heads = Vec::new();
        let good = self.good();
        for control in (0..=0x1f).chain([0x7f]).map(char::from).filter(|control| !"\t\r\n".contains(*control))
        {
            heads.push(format!("{control}{good}"));
            heads.push(good.replacen("GET", &format!("GE{control}T"), 1));
            heads.push(good.replacen("?code", &format!("?{control}code"), 1));
            heads.push(good.replacen("HTTP/1.1", &format!("HTTP/1.1{control}"), 1));
            heads.push(good.replacen("Accept", &format!("Acc{control}ept"), 1));
            heads.push(good.replacen("*/*", &format!("*{control}*"), 1));
        }
        heads
    }

    /// Invalid request lines.
    fn lines(&self) -> Vec<String> {
        let mut heads = Vec::new();
        let good = self.good();
        let Self { target, host } = self;
        for version in [
            "HTTP/0.9",
            "HTTP/1.2",
            "HTTP/1.10",
            "HTTP/1.01",
            "HTTP/01.1",
            "HTTP/11",
            "HTTP/1",
            "HTTP/1.",
            "HTTP/.1",
            "HTTP/2.0",
            "HTTP/2",
            "HTTP/3",
            "http/1.1",
            "HTTP 1.1",
            "HTTP/1.1 ",
            "HTTP/1.1 HTTP/1.1",
            "HTTPS/1.1",
            "ICY",
            "RTSP/1.0",
            "HTTP/-1.1",
            "HTTP/1,1",
            "",
        ] {
            heads.push(good.replacen("HTTP/1.1", version, 1));
        }
        for line in [
            format!("GET  {target} HTTP/1.1"),
            format!("GET {target}  HTTP/1.1"),
            format!("GET\t{target} HTTP/1.1"),
            format!("GET {target}\tHTTP/1.1"),
            format!("GET {target}"),
            format!("{target} HTTP/1.1"),
            "GET HTTP/1.1".into(),
            format!("GET {target} {target} HTTP/1.1"),
            format!("GET {target}#fragment HTTP/1.1"),
            format!("GET {target}\u{e9} HTTP/1.1"),
            "GET * HTTP/1.1".into(),
            "OPTIONS * HTTP/1.1".into(),
            format!("CONNECT {host} HTTP/1.1"),
            "GET callback HTTP/1.1".into(),
            format!("GET ?{target} HTTP/1.1"),
            format!("GET http:{target} HTTP/1.1"),
            format!("GET ftp://{host}{target} HTTP/1.1"),
            "GET javascript:alert(1) HTTP/1.1".into(),
            format!("GET \\\\{host} HTTP/1.1"),
            format!("G(T {target} HTTP/1.1"),
            format!("GET: {target} HTTP/1.1"),
            format!("\"GET\" {target} HTTP/1.1"),
        ] {
            heads.push(self.line(&line));
        }
        heads
    }

    /// Invalid header names and folded headers.
    fn names(&self) -> Vec<String> {
        let mut heads = Vec::new();
        let good = self.good();
        for separator in "\"(),/;<=>?@[\\]{} \t\u{e9}".chars() {
            heads.push(self.with(&format!("X{separator}Y: z")));
            heads.push(self.with(&format!("X{separator}: z")));
        }
        for lines in [
            ": z",
            "X",
            "X z",
            " X: z",
            "\tX: z",
            "X: y\r\n z",
            "X: y\r\n\tz",
            "X: y\r\n ",
            "X:\r\n y",
            "X: y\r\n:",
        ] {
            heads.push(self.with(lines));
        }
        heads.push(good.replacen("\r\nHost", "\r\n Host", 1));
        heads.push(good.replacen("Host:", "Host :", 1));
        heads.push(good.replacen("Host:", "Host\t:", 1));
        heads
    }

    /// Invalid or ambiguous body lengths.
    fn bodies(&self) -> Vec<String> {
        let mut heads = Vec::new();
        for length in [
            "+5", "-1", "-0", "0x5", "5 5", "5,5", "5, 5", "5;", "5.0", "1e1", "five", "", " ", "5\t5",
            "\u{ff15}", "5_0", "0b1", "\"5\"", "5%30", "NaN",
        ] {
            heads.push(self.with(&format!("Content-Length: {length}")));
        }
        for lines in [
            "Content-Length: 5\r\nContent-Length: 5",
            "Content-Length: 5\r\nContent-Length: 6",
            "Content-Length: 0\r\ncontent-length: 0",
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        ] {
            heads.push(self.with(lines));
        }
        for coding in [
            "chunked",
            "Chunked",
            "chunked ",
            "\tchunked",
            "identity",
            "gzip, chunked",
            "chunked, gzip",
            "chunked, chunked",
            "xchunked",
            "chunked;q=1",
            "\"chunked\"",
            "'chunked'",
            "chun ked",
            "",
            ",chunked",
            "chunked,",
            "cow",
        ] {
            heads.push(self.with(&format!("Transfer-Encoding: {coding}")));
            heads.push(self.with(&format!("tRANSFER-eNCODING: {coding}\r\nContent-Length: 0")));
        }
        heads
    }

    /// Switches to other protocols.
    fn protocols(&self) -> Vec<String> {
        let mut heads = Vec::new();
        let good = self.good();
        for lines in [
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
            "Upgrade: TLS/1.3",
            "upgrade:",
        ] {
            heads.push(self.with(lines));
        }
        heads.push(format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{good}"));
        heads
    }
}

#[tokio::test]
async fn ambiguous_request_is_rejected() {
    // L-14, L-15
    let mut fixture = Fixture::new().await;
    let heads = smuggled(&Head { target: fixture.stolen(), host: fixture.host() });
    assert!(heads.len() >= 350, "{}", heads.len());
    let responses = fixture.play(heads.clone()).await;
    for (head, response) in heads.iter().zip(&responses) {
        assert_eq!(status(response), 400, "{}", head.escape_debug());
    }
    assert_eq!(fixture.rejected(), vec![RejectedRequest::Malformed; heads.len()]);
}

#[tokio::test]
async fn other_protocols_and_noise_are_rejected_at_once() {
    // F40
    let mut fixture = Fixture::new().await;
    let mut noise: Vec<Vec<u8>> = vec![
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"\x80\x2e\x01\x00\x02".to_vec(),
        b"\x05\x01\x00".to_vec(),
        b"\x00\x00\x00\x54\xffSMB".to_vec(),
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec(),
        b"EHLO evil.example\r\n\r\n".to_vec(),
        b"*1\r\n$4\r\nPING\r\n\r\n".to_vec(),
        b"{\"jsonrpc\":\"2.0\"}\n".to_vec(),
        b"\xef\xbb\xbfGET / HTTP/1.1\r\n\r\n".to_vec(),
        b"\r\n\r\n".to_vec(),
        b"\n".to_vec(),
        b"\0".to_vec(),
    ];
    // Each byte that no method begins with.
    noise.extend((0..=255_u8).filter(|byte| !byte.is_ascii_graphic()).map(|byte| vec![byte; 100]));
    let responses = fixture.play(noise.clone()).await;
    for (noise, response) in noise.iter().zip(&responses) {
        assert_eq!(status(response), 400, "{}", noise.escape_ascii());
    }
}

#[tokio::test]
async fn heads_are_bounded_and_bodies_are_not_read() {
    // L-14
    let mut fixture = Fixture::new().await;
    let stolen = fixture.get(&fixture.stolen());
    let with = |lines: &str| stolen.replace("\r\n\r\n", &format!("\r\n{lines}\r\n"));
    let headers = |count: usize| with(&"X: y\r\n".repeat(count - 1));
    let long = |bytes: usize| with(&format!("X: {}\r\n", "y".repeat(bytes - stolen.len() - 5)));
    let requests = vec![
        headers(51),
        long(8193),
        long(1 << 20),
        "G".repeat(1 << 20),
        with("X: y\r\n".repeat(100_000).as_str()),
    ];
    for response in fixture.play(requests).await {
        assert_eq!(status(&response), 431, "{response}");
    }
    assert_eq!(fixture.rejected(), [RejectedRequest::TooLong; 5]);

    let body = "x".repeat(1 << 20);
    let requests = vec![
        stolen
            .replace("GET", "POST")
            .replace("\r\n\r\n", &format!("\r\nContent-Length: {}\r\n\r\n{body}", body.len())),
        stolen.replace("GET", "POST") + &body,
        // The listener does not read a second request on the same connection either.
        stolen.replace("GET", "POST") + &stolen,
    ];
    for response in fixture.play(requests).await {
        assert_eq!(status(&response), 405, "{response}");
        assert_eq!(response.matches("HTTP/1.1 ").count(), 1);
    }
}

#[tokio::test]
async fn largest_head_settles_a_sign_in() {
    // L-14: the bounds are exact.
    let mut fixture = Fixture::new().await;
    let good = fixture.good();
    let with = |lines: &str| good.replace("\r\n\r\n", &format!("\r\n{lines}\r\n"));
    for request in
        [with(&"X: y\r\n".repeat(49)), with(&format!("X: {}\r\n", "y".repeat(8192 - good.len() - 5)))]
    {
        let page = super::fixture::browser(fixture.listener.port(), request);
        fixture.settle().await;
        assert_eq!(status(&page.await.unwrap().unwrap()), 200);
    }
}
