//! What is no request, or could be read as two.

use openrouter_oauth_login::Stray;

use super::stage::{Stage, status};

/// What servers and proxies were seen to read in different ways: no two of these may be read in any, but as an error.
fn smuggled(line: &str, host: &str) -> Vec<Vec<u8>> {
    let mut heads = Vec::new();
    let mut add = |head: &str| heads.push(head.as_bytes().to_vec());
    let good = format!("{line}\r\nHost: {host}\r\nAccept: */*\r\n\r\n");
    let with = |lines: &str| format!("{line}\r\nHost: {host}\r\n{lines}\r\n\r\n");

    // Ends of lines.
    for end in
        ["\n", "\r", "\n\r", "\r\r\n", "\r\n\n", "\n\n", "\0\r\n", "\x0b\r\n", "\x0c\r\n", "\r\0\n", "\r \n"]
    {
        add(&good.replacen("\r\n", end, 1));
        add(&good.replace("\r\nAccept", &format!("{end}Accept")));
        add(&good.replace("*/*\r\n", &format!("*/*{end}")));
    }
    add(&format!("\r\n{good}"));
    add(&format!("\n{good}"));
    add(&format!(" {good}"));
    add(&format!("\t{good}"));

    // Control characters, wherever there is text.
    for control in (0..=0x1f).chain([0x7f]).map(char::from).filter(|control| !"\t\r\n".contains(*control)) {
        add(&format!("{control}{good}"));
        add(&good.replacen("GET", &format!("GE{control}T"), 1));
        add(&good.replacen("?code", &format!("?{control}code"), 1));
        add(&good.replacen("HTTP/1.1", &format!("HTTP/1.1{control}"), 1));
        add(&good.replacen("Accept", &format!("Acc{control}ept"), 1));
        add(&good.replacen("*/*", &format!("*{control}*"), 1));
    }

    // The line of the request.
    let (method, rest) = line.split_once(' ').unwrap();
    let (target, _) = rest.split_once(' ').unwrap();
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
        add(&good.replacen("HTTP/1.1", version, 1));
    }
    for line in [
        format!("{method}  {target} HTTP/1.1"),
        format!("{method} {target}  HTTP/1.1"),
        format!("{method}\t{target} HTTP/1.1"),
        format!("{method} {target}\tHTTP/1.1"),
        format!("{method} {target}"),
        format!("{target} HTTP/1.1"),
        format!("{method} HTTP/1.1"),
        format!("{method} {target} {target} HTTP/1.1"),
        format!("{method} {target}#fragment HTTP/1.1"),
        format!("{method} {target}\u{e9} HTTP/1.1"),
        format!("{method} * HTTP/1.1"),
        "OPTIONS * HTTP/1.1".to_owned(),
        format!("CONNECT {host} HTTP/1.1"),
        format!("{method} callback HTTP/1.1"),
        format!("{method} ?{target} HTTP/1.1"),
        format!("{method} http:{target} HTTP/1.1"),
        format!("{method} http:/{target} HTTP/1.1"),
        format!("{method} ftp://{host}{target} HTTP/1.1"),
        format!("{method} javascript:alert(1) HTTP/1.1"),
        format!("{method} \\\\{host} HTTP/1.1"),
        format!("G(T {target} HTTP/1.1"),
        format!("GET: {target} HTTP/1.1"),
        format!("\"GET\" {target} HTTP/1.1"),
    ] {
        add(&format!("{line}\r\nHost: {host}\r\n\r\n"));
    }

    // Names and folds.
    for separator in "\"(),/;<=>?@[\\]{} \t\u{e9}".chars() {
        add(&with(&format!("X{separator}Y: z")));
        add(&with(&format!("X{separator}: z")));
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
        add(&with(lines));
    }
    add(&good.replacen("\r\nHost", "\r\n Host", 1));
    add(&good.replacen("Host:", "Host :", 1));
    add(&good.replacen("Host:", "Host\t:", 1));

    // Where a body ends.
    for length in [
        "+5", "-1", "-0", "0x5", "5 5", "5,5", "5, 5", "5;", "5.0", "1e1", "five", "", " ", "5\t5",
        "\u{ff15}", "5_0", "0b1", "\"5\"", "5%30", "NaN",
    ] {
        add(&with(&format!("Content-Length: {length}")));
    }
    for lines in [
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 0\r\ncontent-length: 0",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    ] {
        add(&with(lines));
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
        add(&with(&format!("Transfer-Encoding: {coding}")));
        add(&with(&format!("tRANSFER-eNCODING: {coding}\r\nContent-Length: 0")));
    }

    // What is spoken after this.
    for lines in [
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
        "Upgrade: TLS/1.3",
        "upgrade:",
    ] {
        add(&with(lines));
    }
    add(&format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{good}"));
    heads
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_not_read() {
    // L-14, L-15
    let mut stage = Stage::new().await;
    let line = format!("GET {} HTTP/1.1", stage.stolen());
    let heads = smuggled(&line, &stage.host());
    assert!(heads.len() >= 350, "{}", heads.len());
    let answers = stage.play(heads.clone()).await;
    for (head, answer) in heads.iter().zip(&answers) {
        assert_eq!(status(answer), 400, "{}", head.escape_ascii());
    }
    assert_eq!(stage.strays(), vec![Stray::Malformed; heads.len()]);
}

#[tokio::test]
async fn other_protocols_and_noise_are_refused_at_once() {
    // F40
    let mut stage = Stage::new().await;
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
    // Any first byte that no method begins with.
    noise.extend((0..=255_u8).filter(|byte| !byte.is_ascii_graphic()).map(|byte| vec![byte; 100]));
    let answers = stage.play(noise.clone()).await;
    for (noise, answer) in noise.iter().zip(&answers) {
        assert_eq!(status(answer), 400, "{}", noise.escape_ascii());
    }
}

#[tokio::test]
async fn heads_are_bounded_and_bodies_are_not_read() {
    // L-14
    let mut stage = Stage::new().await;
    let stolen = stage.get(&stage.stolen());
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
    for answer in stage.play(requests).await {
        assert_eq!(status(&answer), 431, "{answer}");
    }
    assert_eq!(stage.strays(), [Stray::TooLong; 5]);

    let body = "x".repeat(1 << 20);
    let requests = vec![
        stolen
            .replace("GET", "POST")
            .replace("\r\n\r\n", &format!("\r\nContent-Length: {}\r\n\r\n{body}", body.len())),
        stolen.replace("GET", "POST") + &body,
        // A second request on the same connection is not read either.
        stolen.replace("GET", "POST") + &stolen,
    ];
    for answer in stage.play(requests).await {
        assert_eq!(status(&answer), 405, "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1);
    }
}

#[tokio::test]
async fn as_much_as_fits_settles_a_sign_in() {
    // L-14: the bounds are where they are said to be.
    let mut stage = Stage::new().await;
    let good = stage.good();
    let with = |lines: &str| good.replace("\r\n\r\n", &format!("\r\n{lines}\r\n"));
    for request in
        [with(&"X: y\r\n".repeat(49)), with(&format!("X: {}\r\n", "y".repeat(8192 - good.len() - 5)))]
    {
        let page = super::stage::browser(stage.listener.port(), request);
        stage.settle().await;
        assert_eq!(status(&page.await.unwrap().unwrap()), 200);
    }
}
