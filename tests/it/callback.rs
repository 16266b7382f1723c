//! Callbacks and pasted codes. They can be read any number of times, and a sign-in accepts only its own.

use openrouter_oauth::{AnySignIn, AuthorizationCode, AuthorizeUrl, CallbackError, Client};
use openrouter_oauth_tests::query;
use openrouter_oauth_transport::testing::{ManualTimer, Never};
use proptest::prelude::*;

/// A sign-in, and the parts of its authorize URL that a callback contains.
struct SignIn {
    pending: AnySignIn,
    /// `https://my.app/callback/ATTEMPT_ID`
    url: String,
    state: String,
}

fn begin(callback: Option<&str>) -> SignIn {
    let client = Client::builder().transport(Never::new()).timer(ManualTimer::new()).build().unwrap();
    let (url, pending): (AuthorizeUrl, AnySignIn) = if let Some(callback) = callback {
        let (url, pending) = client.authorize(callback).begin().unwrap();
        (url, pending.into())
    } else {
        let (url, headless) = client.authorize_headless().begin().unwrap();
        (url, headless.into())
    };
    let parameters = query::parameters(url.as_str());
    let value =
        |name: &str| parameters.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
    let callback = value("callback_url").unwrap_or_default();
    SignIn {
        url: callback.split('?').next().unwrap().to_owned(),
        state: value("state").unwrap_or_default(),
        pending,
    }
}

impl SignIn {
    /// Replaces `URL`, `PATH` and `STATE`, which differ in every sign-in.
    fn fill(&self, template: &str) -> String {
        let template = template.replace("URL", &self.url).replace("STATE", &self.state);
        template.replace("PATH", if self.url.is_empty() { "" } else { query::target(&self.url) })
    }

    fn read_callback(&self, target: &str) -> Result<AuthorizationCode, CallbackError> {
        match &self.pending {
            AnySignIn::Callback(pending) => pending.read_callback(target),
            AnySignIn::Headless(_) => panic!("it has no callback"),
        }
    }

    /// Checks the result of a callback.
    #[track_caller]
    fn check(&self, template: &str, expected: Result<&str, CallbackError>) {
        let read = self.read_callback(&self.fill(template));
        self.compare(template, read, expected);
    }

    /// Checks the result of pasted text.
    #[track_caller]
    fn check_pasted(&self, template: &str, expected: Result<&str, CallbackError>) {
        let read = self.pending.read_pasted(&self.fill(template));
        self.compare(template, read, expected);
    }

    #[track_caller]
    fn compare(
        &self,
        template: &str,
        read: Result<AuthorizationCode, CallbackError>,
        expected: Result<&str, CallbackError>,
    ) {
        let read = read.map(|code| code.expose().to_owned());
        assert_eq!(read, expected.map(str::to_owned), "{template}");
        assert!(self.pending.is_fresh(), "{template}");
    }
}

const OURS: Option<&str> = Some("https://my.app/callback");

#[test]
fn callback_can_be_a_request_target_or_a_whole_url() {
    let sign_in = begin(OURS);
    sign_in.check("PATH?code=c0de", Ok("c0de"));
    sign_in.check("PATH?code=c0de&state=STATE", Ok("c0de"));
    sign_in.check("PATH?state=STATE&code=c0de&other=1&other=2", Ok("c0de"));
    sign_in.check("URL?code=c0de", Ok("c0de"));
    sign_in.check("https://MY.APP:443PATH?code=c0de", Ok("c0de"));
    sign_in.check("PATH?code=c0de#fragment?code=other", Ok("c0de"));
    // As a browser encodes it.
    sign_in.check("PATH?code=a+b%2Fc%3d", Ok("a b/c="));
    sign_in.check("PATH?c%6Fde=c0de", Ok("c0de"));
}

#[test]
fn callback_url_keeps_its_own_parameters() {
    let sign_in = begin(Some("http://127.0.0.1:8080/?tenant=7"));
    sign_in.check("PATH?tenant=7&code=c0de&state=STATE", Ok("c0de"));
    sign_in.check("PATH?code=c0de", Ok("c0de"));
}

#[test]
fn attempt_id_is_checked_before_anything_else() {
    // Anyone can send an `error`, so it must not end a sign-in.
    let sign_in = begin(OURS);
    let other = begin(OURS);
    let foreign = query::target(&other.url).to_owned();
    for path in
        ["", "/callback", "/callback/", "/", "/favicon.ico", "PATH/", "PATH/..", "/callback//", &foreign]
    {
        for query in
            ["?code=c0de&state=STATE", "?error=access_denied&state=STATE", "?code=a&code=b", "?code=%", ""]
        {
            sign_in.check(&format!("{path}{query}"), Err(CallbackError::NotOurs));
        }
    }
    let mut near = sign_in.url.clone();
    near.pop();
    sign_in.check(&format!("{near}?code=c0de"), Err(CallbackError::NotOurs));
    sign_in.check(&format!("{}x?code=c0de", sign_in.url), Err(CallbackError::NotOurs));
}

#[test]
fn url_of_another_origin_is_not_ours() {
    let sign_in = begin(OURS);
    for origin in [
        "https://evil",
        "https://my.app.evil",
        "https://my.app:444",
        "http://my.app",
        "https://my.app@evil",
        "https://user@my.app",
        "https://evil@my.app",
        "ftp://my.app",
    ] {
        sign_in.check(&format!("{origin}PATH?code=c0de"), Err(CallbackError::NotOurs));
        // P-2: a pasted address counts by its attempt ID, which only this sign-in has.
        sign_in.check_pasted(&format!("{origin}PATH?code=c0de"), Ok("c0de"));
    }
}

#[test]
fn returned_state_must_match() {
    let sign_in = begin(OURS);
    let other = begin(OURS).state;
    for state in ["STATEx", "x", "%00", &other] {
        sign_in.check(&format!("PATH?code=c0de&state={state}"), Err(CallbackError::StateMismatch));
        sign_in.check(&format!("PATH?error=access_denied&state={state}"), Err(CallbackError::StateMismatch));
    }
    sign_in.check("PATH?code=c0de&state=STATE&state=STATE", Err(CallbackError::Ambiguous("state")));
}

#[test]
fn repeated_parameter_is_ambiguous() {
    // L-13
    let sign_in = begin(OURS);
    sign_in.check("PATH?code=a&code=b", Err(CallbackError::Ambiguous("code")));
    sign_in.check("PATH?code=a&code=a", Err(CallbackError::Ambiguous("code")));
    sign_in.check("PATH?code=a&c%6fde=b", Err(CallbackError::Ambiguous("code")));
    sign_in.check("PATH?code=a&error=access_denied", Err(CallbackError::Ambiguous("code")));
    sign_in.check("PATH?error=a&error=b", Err(CallbackError::Ambiguous("error")));
}

#[test]
fn malformed_code_is_invalid() {
    let sign_in = begin(OURS);
    let long = "c".repeat(513);
    for bad in ["%00", "a%0d%0aX-Evil:1", "%c3%b6", "%ff", "%7f", long.as_str()] {
        let read = sign_in.read_callback(&sign_in.fill(&format!("PATH?code={bad}")));
        assert!(matches!(read, Err(CallbackError::InvalidCode(_))), "{bad}: {read:?}");
    }
    sign_in.check(&format!("PATH?code={}", "c".repeat(512)), Ok(&"c".repeat(512)));
}

#[test]
fn denial_differs_from_a_failure() {
    let sign_in = begin(OURS);
    for (query, words) in [
        ("error=access_denied", "the user declined"),
        ("error=access_denied&error_description=No&state=STATE", "the user declined"),
        (
            "error=server_error&error_description=x",
            "OpenRouter could not complete the authorization: server_error",
        ),
        ("error=%1b%5b31mred", "OpenRouter could not complete the authorization: red"),
    ] {
        let read = sign_in.read_callback(&sign_in.fill(&format!("PATH?{query}")));
        assert_eq!(read.unwrap_err().to_string(), words, "{query}");
    }
    sign_in.check("PATH", Err(CallbackError::MissingCode));
    sign_in.check("PATH?", Err(CallbackError::MissingCode));
    sign_in.check("PATH?CODE=c0de&kode=c0de", Err(CallbackError::MissingCode));
    sign_in.check("PATH?error_description=alone", Err(CallbackError::MissingCode));
    // A parameter without a value counts as absent (RFC 6749, section 3.1).
    for empty in ["PATH?code=", "PATH?code", "PATH?error=", "PATH?code=&error=&state="] {
        sign_in.check(empty, Err(CallbackError::MissingCode));
    }
    sign_in.check("PATH?code=c0de&error=&state=", Ok("c0de"));
}

#[test]
fn bad_escape_or_long_target_is_malformed() {
    let sign_in = begin(OURS);
    for bad in ["PATH?code=%", "PATH?code=%0", "PATH?code=%zz", "PATH?x=%&code=c0de"] {
        sign_in.check(bad, Err(CallbackError::Malformed));
    }
    let padding = |length: usize| {
        let path = query::target(&sign_in.url);
        format!("PATH?code=c0de&x={}", "x".repeat(length - path.len() - "?code=c0de&x=".len()))
    };
    sign_in.check(&padding(8 * 1024), Ok("c0de"));
    sign_in.check(&padding(8 * 1024 + 1), Err(CallbackError::Malformed));
}

#[test]
fn foreign_request_changes_nothing() {
    // Some login helpers give up after a foreign request or a wrong state.
    let sign_in = begin(OURS);
    for target in ["/", "/favicon.ico", "PATH?code=%", "PATH?state=x&code=c", "PATH?error=access_denied"] {
        let _ignored = sign_in.read_callback(&sign_in.fill(target));
    }
    sign_in.check("PATH?code=c0de&state=STATE", Ok("c0de"));
    sign_in.check("PATH?code=c0de&state=STATE", Ok("c0de"));
}

#[test]
fn query_is_read_without_its_path() {
    let sign_in = begin(OURS);
    let AnySignIn::Callback(pending) = &sign_in.pending else { panic!("it has a callback") };
    let id = pending.attempt_id();
    let read = |attempt_id: &str, query: &str| {
        pending.read_query(attempt_id, &sign_in.fill(query)).map(|code| code.expose().to_owned())
    };
    assert_eq!(read(id, "code=c0de&state=STATE").as_deref(), Ok("c0de"));
    assert_eq!(read(id, "code=c0de&state=x"), Err(CallbackError::StateMismatch));
    assert_eq!(read(id, ""), Err(CallbackError::MissingCode));
    assert_eq!(read(id, &format!("code={}", "c".repeat(8 * 1024))), Err(CallbackError::Malformed));
    // A proxy or a nested router may have stripped or added the beginning of the path.
    for path in [format!("/{id}"), format!("/elsewhere/{id}")] {
        assert_eq!(read(&path, "code=c0de&state=STATE").as_deref(), Ok("c0de"), "{path}");
    }
    // A foreign attempt cannot even end the sign-in.
    for foreign in ["", "/", "x", &id[1..], &format!("{id}/"), &format!("{id}x")] {
        assert_eq!(read(foreign, "error=access_denied"), Err(CallbackError::NotOurs), "{foreign}");
    }
}

#[test]
fn denial_and_failure_end_a_sign_in() {
    let sign_in = begin(OURS);
    for (query, ends) in
        [("error=access_denied", true), ("error=server_error", true), ("", false), ("state=x", false)]
    {
        let error = sign_in.read_callback(&sign_in.fill(&format!("PATH?{query}"))).unwrap_err();
        assert_eq!(error.ends_sign_in(), ends, "{query}");
    }
}

#[test]
fn headless_sign_in_has_no_callback() {
    let sign_in = begin(None);
    assert!(matches!(sign_in.pending, AnySignIn::Headless(_)));
    sign_in.check_pasted("/callback?code=c0de", Err(CallbackError::NotOurs));
    sign_in.check_pasted("https://my.app/?code=c0de", Err(CallbackError::NotOurs));
    sign_in.check_pasted("/?code=c0de", Err(CallbackError::NotOurs));
    // A whole address, with its `://` written or encoded.
    sign_in.check_pasted("https://my.app/c0de", Err(CallbackError::NotOurs));
    sign_in.check_pasted("https%3A%2F%2Fmy.app%2F%3Fcode%3Dc0de", Err(CallbackError::NotOurs));
}

#[test]
fn pasted_code_is_cleaned() {
    // P-2
    for sign_in in [begin(None), begin(OURS)] {
        for pasted in [
            "c0de",
            "  c0de\n",
            "\tc0de\r\n",
            "\u{1b}[200~c0de\u{1b}[201~",
            "\u{200b}c0de\u{feff}\u{a0}",
            "\u{61c}\u{180e}\u{2066}c0de\u{2069}",
            // Wrapped rows.
            "c0 de",
            "c0\nde",
            "c0\u{2028}de",
            "\"c0de\"",
            "'c0de'",
            "<c0de>",
            "`c0de`",
            "\u{201c}c0de\u{201d}",
            "> c0de",
            "Code: c0de",
            "code:c0de",
            "Code: \"c0de\"",
            "\"Code: c0de\"",
            "code=c0de",
            "?code=c0de",
            "#code=c0de",
            "#c0de",
            "?c0de",
            "'#code=c0de'",
            " ?code=c0de&x=1\n",
            "code=c0de#fragment",
            "c0de&state=STATE",
            "?c0de&state=STATE",
            "c0de&state=STATE#fragment",
        ] {
            sign_in.check_pasted(pasted, Ok("c0de"));
        }
    }
}

#[test]
fn pasted_code_may_contain_the_characters_of_an_address() {
    // P-2
    for sign_in in [begin(None), begin(OURS)] {
        for code in ["/c0de", "c0/de", "c0+de", "c0?de", "a/b?c=d", "c0de==", "c0:de", "a&b", "a%b", "a#b"] {
            sign_in.check_pasted(code, Ok(code));
        }
        for (pasted, code) in [
            ("c0+d/e==&state=STATE", "c0+d/e=="),
            ("c0?de&state=STATE", "c0?de"),
            ("c0%2Fde&state=STATE", "c0/de"),
        ] {
            sign_in.check_pasted(pasted, Ok(code));
        }
    }
}

#[test]
fn pasted_key_is_refused() {
    // P-2: a key that is sent as a code has left the user's hands.
    for sign_in in [begin(None), begin(OURS)] {
        for pasted in [
            "sk-or-v1-0e6f",
            "sk-or-0e6f",
            "'sk-or-v1-0e6f'",
            "Code: sk-or-v1-0e6f",
            "sk-or-v1 -0e6f",
            "OPENROUTER_API_KEY=sk-or-v1-0e6f",
            "Authorization: Bearer sk-or-v1-0e6f",
            "code=sk-or-v1-0e6f",
            "sk-or-v1-0e6f&state=STATE",
        ] {
            sign_in.check_pasted(pasted, Err(CallbackError::ApiKey));
        }
    }
    begin(OURS).check_pasted("URL?code=sk-or-v1-0e6f", Err(CallbackError::ApiKey));
    assert!(!CallbackError::ApiKey.ends_sign_in());
}

#[test]
fn pasted_query_can_begin_with_another_parameter() {
    // P-2: the callback URL's own parameters come first.
    let sign_in = begin(Some("https://my.app/callback?tenant=7"));
    for pasted in ["tenant=7&code=c0de&state=STATE", "?tenant=7&code=c0de", " ?x=1&code=c0de\n"] {
        sign_in.check_pasted(pasted, Ok("c0de"));
    }
}

#[test]
fn pasted_address_must_end_in_the_attempt_id() {
    // P-2, L-5
    let sign_in = begin(Some("http://127.0.0.1:18774/callback"));
    let encoded = sign_in.fill("URL?code=c0de&state=STATE").replace('%', "%25");
    let encoded = encoded.replace(':', "%3A").replace('/', "%2F").replace('?', "%3f");
    let encoded = encoded.replace('&', "%26").replace('=', "%3D");
    for ours in [
        "URL?code=c0de&state=STATE",
        " URL?code=c0de \n",
        "URL?code=c0de#fragment?code=other",
        "PATH?code=c0de",
        // Some browsers hide the scheme of a URL, and some insist on HTTPS.
        "127.0.0.1:18774PATH?code=c0de",
        "https://127.0.0.1:18774PATH?code=c0de&state=STATE",
        "http://localhost:18774PATH?code=c0de&state=STATE",
        "http://127.0.0.1:9PATH?code=c0de&state=STATE",
        "https://name-18774.app.github.devPATH?code=c0de&state=STATE",
        "https://proxy.example/18774PATH?code=c0de",
        "<URL?code=c0de&state=STATE>",
        "`URL?code=c0de`",
        "\"PATH?code=c0de\"",
        "URL?code=c0\n  de&state=STATE",
        &encoded,
        &format!("<{encoded}>"),
    ] {
        sign_in.check_pasted(ours, Ok("c0de"));
    }
    sign_in.check_pasted("https://localhostPATH?code=a%2Fb%2B%3F", Ok("a/b+?"));

    let other = begin(Some("http://127.0.0.1:18774/callback"));
    let other = |template: &str| other.fill(template);
    for foreign in [
        &other("URL?code=c0de&state=STATE"),
        &other("URL?code=c0de"),
        &other("PATH?code=c0de&state=STATE"),
        &other("127.0.0.1:18774PATH?error=access_denied"),
        &other("URL"),
        "http%3A%2F%2F127.0.0.1%3A18774%2Fcallback%2Fx%3Fcode%3Dc0de",
        "http://127.0.0.1:18774/callback?code=c0de",
        "URLx?code=c0de",
        "xURL/?code=c0de",
        "https://evil/?u=URL&code=c0de",
        "https://evil/#URL?code=c0de",
        "https://evil&code=c0de",
        "see=https://evil/c0de",
    ] {
        sign_in.check_pasted(foreign, Err(CallbackError::NotOurs));
    }
    sign_in.check_pasted("URL", Err(CallbackError::MissingCode));
    sign_in.check_pasted("URL?code=c0de&code=c0de", Err(CallbackError::Ambiguous("code")));
    sign_in.check_pasted("https%3A%2F%2Fevilx%2", Err(CallbackError::Malformed));
    sign_in.check_pasted("https%3A%2F%2Fevil%ff", Err(CallbackError::Malformed));
    for state in ["x", &other("STATE"), "STATEx"] {
        for pasted in ["URL?code=c0de", "https://localhostPATH?code=c0de", "code=c0de", "c0de", "?c0de"] {
            sign_in.check_pasted(&format!("{pasted}&state={state}"), Err(CallbackError::StateMismatch));
        }
    }
    sign_in.check_pasted("URL?error=access_denied", Err(CallbackError::Denied { description: None }));
    sign_in.check_pasted("error=access_denied", Err(CallbackError::Denied { description: None }));
}

#[test]
fn other_pasted_text_is_an_error() {
    // P-2
    let sign_in = begin(None);
    for nothing in
        ["", " \n", "\u{200b}", "\u{1b}[200~\u{1b}[201~", "''", "Code: ", "?", "#", "?x=1", "code&state=x"]
    {
        sign_in.check_pasted(nothing, Err(CallbackError::MissingCode));
    }
    for bad in ["c\u{f6}de", "\u{1b}[31mc0de", "a\0b", &"c".repeat(513)] {
        let read = sign_in.pending.read_pasted(bad);
        assert!(matches!(read, Err(CallbackError::InvalidCode(_))), "{bad:?}: {read:?}");
    }
    sign_in.check_pasted("code=a&code=b", Err(CallbackError::Ambiguous("code")));
    sign_in.check_pasted(&"c".repeat(4 * 1024 + 1), Err(CallbackError::Malformed));
}

/// Percent-encodes every character that is not a letter or digit.
fn escaped(text: &str) -> String {
    let escape =
        |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02X}", u32::from(c)) };
    text.chars().map(escape).collect()
}

proptest! {
    #[test]
    fn every_code_arrives_in_whatever_form_it_is_pasted(
        code in "auth_code_[A-Za-z0-9_/+?.~-]{0,40}={0,2}",
        host in "(http|https|HTTPS)://([a-z0-9.-]{1,20}(:[0-9]{1,5})?|\\[::1\\]:1)|[a-z0-9.]{0,20}",
        quotes in "[\"'`<> \t\u{200b}\u{2066}]{0,3}",
        space in "[ \t\r\n\u{a0}\u{2028}]{0,3}",
        at in 0_usize..10,
    ) {
        // P-2
        let sign_in = begin(OURS);
        let mut wrapped = code.clone();
        wrapped.insert_str(at, &space);
        // No templates: random text may contain a placeholder.
        let (path, state) = (query::target(&sign_in.url), &sign_in.state);
        let address = format!("{host}{path}?code={}&state={state}", escaped(&code));
        for pasted in [
            wrapped.clone(),
            format!("Code: {wrapped}"),
            format!("{wrapped}&state={state}"),
            format!("#code={}", escaped(&code)),
            address.clone(),
            if host.contains("://") { escaped(&address) } else { address },
        ] {
            let text = format!("{quotes}{pasted}{quotes}");
            sign_in.compare(&text, sign_in.pending.read_pasted(&text), Ok(&code));
        }
        let other = begin(OURS);
        let text = format!("{host}{}?code={}", query::target(&other.url), escaped(&code));
        sign_in.compare(&text, sign_in.pending.read_pasted(&text), Err(CallbackError::NotOurs));
    }

    #[test]
    fn arbitrary_text_never_settles_the_sign_in(text in "\\PC{0,40}|(/|\\?|#|%|&|=|code|state|error|:|//|@|\\x1b\\[|\u{200b}){0,12}") {
        // C-27
        let headless = begin(None);
        let _any = headless.pending.read_pasted(&text);
        prop_assert!(headless.pending.is_fresh());
        let sign_in = begin(OURS);
        let read = sign_in.read_callback(&text);
        prop_assert!(matches!(read, Err(CallbackError::NotOurs)), "{read:?}");
        let in_query = sign_in.fill(&format!("PATH?{}", text.replace('#', "")));
        let _any = sign_in.read_callback(&in_query);
        let _any = sign_in.pending.read_pasted(&text);
        prop_assert!(sign_in.pending.is_fresh());
    }
}
