//! Tests of accepted and rejected callback URLs.
// C-8

use openrouter_oauth_models::CallbackUrl;

/// Each URL is accepted unchanged.
const ACCEPTED: &[&str] = &[
    "https://myapp.com/auth/callback",
    "https://myapp.com",
    "https://myapp.com/",
    "https://myapp.com?tenant=1",
    "https://myapp.com/callback?tenant=1&next=%2Fhome",
    "https://myapp.com:8443/callback",
    "https://myapp.com:65535/",
    "https://my-app.example.co.uk/a/b/c",
    "https://my_app.example/callback",
    "https://myapp.com./callback",
    "https://localhost/callback",
    "https://127.0.0.1/callback",
    "https://10.0.0.1/callback",
    "https://[::1]/callback",
    "https://[2001:db8::1]:8443/callback",
    "https://[::ffff:127.0.0.1]/callback",
    "https://xn--bcher-kva.example/callback",
    "https://xn--example-.com/callback",
    "HTTPS://MYAPP.COM/Callback",
    "https://myapp.com/%00%0d%0a",
    "https://myapp.com/a;b=c,d!$&'()*+",
    "https://myapp.com/~user/callback",
    "https://myapp.com/?url=http://evil.example/%40x",
    "https://myapp.com/a@b",
    "https://myapp.com/[a]",
    "https://myapp.com//double//slash",
    "https://myapp.com/?code=already&state=there",
    "https://myapp.com/?",
    "http://127.0.0.1/callback",
    "http://127.0.0.1:1/callback",
    "http://127.0.0.1:8765/callback/QmFzZTY0dXJsbm9uY2U",
    "http://127.0.0.1:65535",
    "http://localhost/callback",
    "http://localhost:3000/callback?a=b",
    "http://localhost",
    "HTTP://127.0.0.1:8765/callback",
];

/// Each text is rejected before it is sent.
const REJECTED: &[&str] = &[
    // Not a URL, or only part of one.
    "",
    " ",
    "callback",
    "/callback",
    "//myapp.com/callback",
    "myapp.com",
    "myapp.com/callback",
    "myapp.com:443",
    "localhost:3000",
    "127.0.0.1:8765/callback",
    "https",
    "https:",
    "https:/",
    "https://",
    "https:///callback",
    "https:///myapp.com/callback",
    "https:myapp.com/callback",
    "https:/myapp.com/callback",
    "https//myapp.com",
    "https://?a=b",
    "https://:443/callback",
    "http://",
    "http://:8765/callback",
    "?code=1",
    "*",
    // Another scheme.
    "javascript:alert(1)",
    "javascript://127.0.0.1/%0aalert(1)",
    "JavaScript://myapp.com/%0aalert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "ftp://127.0.0.1/",
    "ws://127.0.0.1/",
    "wss://myapp.com/",
    "vscode://publisher.extension/callback",
    "com.example.app:/callback",
    "httpss://myapp.com/",
    "xhttps://myapp.com/",
    "https+unix://myapp.com/",
    "view-source:https://myapp.com/",
    "blob:https://myapp.com/1",
    "urn:ietf:wg:oauth:2.0:oob",
    // `http` on any host except `127.0.0.1` and `localhost`.
    "http://myapp.com/callback",
    "http://evil",
    "http://localhost.evil/callback",
    "http://localhost.",
    "http://localhost.:3000/callback",
    "http://localhosts/callback",
    "http://evil-localhost/",
    "http://LOCALHOST/callback",
    "http://127.0.0.1.",
    "http://127.0.0.1.evil/callback",
    "http://127.0.0.1.nip.io/callback",
    "http://127.0.0.2/callback",
    "http://127.1/callback",
    "http://127.0.1/callback",
    "http://0x7f.1/callback",
    "http://0x7f000001/callback",
    "http://0177.0.0.1/callback",
    "http://2130706433/callback",
    "http://127.0.0.01/callback",
    "http://0.0.0.0:8765/callback",
    "http://0/callback",
    "http://10.0.0.1/callback",
    "http://192.168.0.1/callback",
    "http://169.254.169.254/latest",
    "http://[::1]/callback",
    "http://[::1]:8765/callback",
    "http://[::]/callback",
    "http://[::ffff:127.0.0.1]/callback",
    "http://[0:0:0:0:0:0:0:1]/callback",
    "http://xn--localhost-.evil/",
    // User names in front of the host, and text that looks like one.
    "http://127.0.0.1@evil/callback",
    "http://127.0.0.1:8765@evil/callback",
    "http://localhost@evil/",
    "http://evil@127.0.0.1/callback",
    "https://user@myapp.com/",
    "https://user:password@myapp.com/",
    "https://@myapp.com/",
    "https://:@myapp.com/",
    "https://myapp.com@evil.example/",
    "https://myapp.com%40evil.example/",
    "http://127.0.0.1%2f@evil/",
    "http://127.0.0.1\\@evil/",
    "http://127.0.0.1\\.evil/",
    "http:\\\\127.0.0.1/",
    "https://myapp.com\\callback",
    // Fragments.
    "https://myapp.com/#",
    "https://myapp.com/callback#top",
    "https://myapp.com#@evil.example/",
    "http://127.0.0.1#.evil/",
    // Ports.
    "http://127.0.0.1:/callback",
    "http://127.0.0.1:0/callback",
    "http://127.0.0.1:080/callback",
    "http://127.0.0.1:65536/callback",
    "http://127.0.0.1:99999999999/callback",
    "http://127.0.0.1:-1/callback",
    "http://127.0.0.1:+80/callback",
    "http://localhost:+80/callback",
    "http://127.0.0.1:80a/callback",
    "http://127.0.0.1:8765:8765/callback",
    "https://myapp.com:/callback",
    "https://[::1]:/callback",
    // Invalid hosts and dot segments.
    "https://./",
    "https://myapp.com/a/../b",
    "https://myapp.com/./b",
    "https://myapp.com/a/.%2E",
    "https://myapp.com/%2e%2e/b",
    "https://.myapp.com/",
    "https://myapp..com/",
    "https://myapp.com../",
    "https://my%61pp.com/",
    "https://my*app.com/",
    "https://my!app.com/",
    "https://[::1/",
    "https://::1/",
    "https://[]/",
    "https://[v1.a]/",
    "https://[fe80::1%25eth0]/",
    "https://[127.0.0.1]/",
    "https://[::1]evil/",
    "http://[::1]evil:80/",
    "https://evil.com:443[v1.a]:80/",
    // Characters that are invalid in a URL.
    "https://b\u{fc}cher.example/",
    "https://myapp.com/\u{e9}",
    "http://localho\u{17f}t/",
    "http://\u{ff11}27.0.0.1/",
    "http://127\u{3002}0\u{3002}0\u{3002}1/",
    "https://myapp.com/a b",
    " https://myapp.com/",
    "https://myapp.com/ ",
    "https://myapp.com/\t",
    "https://myapp.com/\r\nX-Evil: 1",
    "ht\ntps://myapp.com/",
    "https://myapp.com/\0",
    "https://myapp.com/\u{7f}",
    "\u{feff}https://myapp.com/",
    "https://my\u{200b}app.com/",
    "https://myapp.com/<script>",
    "https://myapp.com/\"",
    "https://myapp.com/{a}",
    "https://myapp.com/a|b",
    "https://myapp.com/a^b",
    "https://myapp.com/`",
    // Invalid escapes.
    "https://myapp.com/%",
    "https://myapp.com/%4",
    "https://myapp.com/%zz",
    "https://myapp.com/?a=%u0041",
    "https://myapp.com/%%41",
];

#[test]
fn documented_callback_url_is_accepted_unchanged() {
    // C-8
    for &url in ACCEPTED {
        let parsed = CallbackUrl::parse(url).unwrap_or_else(|error| panic!("{url:?}: {error}"));
        assert_eq!(parsed.as_str(), url);
        assert_eq!(parsed.to_string(), url);
    }
}

#[test]
fn callback_url_that_could_go_elsewhere_is_rejected() {
    // C-8
    assert!(ACCEPTED.len() + REJECTED.len() >= 100);
    for &url in REJECTED {
        let error = CallbackUrl::parse(url).expect_err(url);
        assert_eq!(error.what(), "callback URL");
    }
}

#[test]
fn callback_url_has_at_most_2048_bytes() {
    let of_length = |length: usize| format!("https://myapp.com/{}", "a".repeat(length - 18));
    assert!(CallbackUrl::parse(&of_length(2048)).is_ok());
    assert!(CallbackUrl::parse(&of_length(2049)).is_err());
}

#[test]
fn error_does_not_repeat_the_url() {
    let error = CallbackUrl::parse("https://user:canary@myapp.com/").unwrap_err();
    assert_eq!(error.to_string(), "the callback URL must not have a user name or password");
    assert!(!format!("{error:?}").contains("canary"));
}

#[test]
fn whole_path_is_compared() {
    for (url, path) in [
        ("https://my.app", ""),
        ("https://my.app?a=/b", ""),
        ("https://my.app/", "/"),
        ("http://127.0.0.1:8080/callback/n0nce?a=/b//c", "/callback/n0nce"),
        ("https://my.app//a//b", "//a//b"),
    ] {
        let url = CallbackUrl::parse(url).unwrap();
        assert!(url.has_path(path), "{path:?}");
        for wrong in
            [format!("{path}/"), format!("{path}a"), path.to_uppercase() + "?", "a".repeat(path.len() + 1)]
        {
            assert!(!url.has_path(&wrong), "{path:?} {wrong:?}");
        }
    }
}
