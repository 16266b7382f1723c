//! What comes back from the browser, or is pasted: read as often as one likes, and taken for ours only if it is.

use openrouter_oauth::{AnySignIn, AuthorizationCode, AuthorizeUrl, CallbackError, Client};
use openrouter_oauth_tests::query;
use openrouter_oauth_transport::testing::{ManualTimer, Never};
use proptest::prelude::*;

/// A sign-in and what somebody who knows its URL would write.
struct Begun {
    pending: AnySignIn,
    /// `https://my.app/callback/NONCE`
    url: String,
    state: String,
}

fn begin(callback: Option<&str>) -> Begun {
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
    Begun {
        url: callback.split('?').next().unwrap().to_owned(),
        state: value("state").unwrap_or_default(),
        pending,
    }
}

impl Begun {
    /// Fills in `URL`, `PATH` and `STATE`, which are different each time.
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

    /// Holds a callback against what it should bring.
    #[track_caller]
    fn check(&self, template: &str, expected: Result<&str, CallbackError>) {
        let read = self.read_callback(&self.fill(template));
        self.compare(template, read, expected);
    }

    /// Holds what was pasted against what it should bring.
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
fn a_callback_is_the_target_of_a_request_or_a_whole_url() {
    let begun = begin(OURS);
    begun.check("PATH?code=c0de", Ok("c0de"));
    begun.check("PATH?code=c0de&state=STATE", Ok("c0de"));
    begun.check("PATH?state=STATE&code=c0de&other=1&other=2", Ok("c0de"));
    begun.check("URL?code=c0de", Ok("c0de"));
    begun.check("https://MY.APP:443PATH?code=c0de", Ok("c0de"));
    begun.check("PATH?code=c0de#fragment?code=other", Ok("c0de"));
    // As a browser encodes it.
    begun.check("PATH?code=a+b%2Fc%3d", Ok("a b/c="));
    begun.check("PATH?c%6Fde=c0de", Ok("c0de"));
}

#[test]
fn the_parameters_of_the_callback_itself_stay() {
    let begun = begin(Some("http://127.0.0.1:8080/?tenant=7"));
    begun.check("PATH?tenant=7&code=c0de&state=STATE", Ok("c0de"));
    begun.check("PATH?code=c0de", Ok("c0de"));
}

#[test]
fn the_nonce_comes_before_anything_else() {
    // An `error` that anybody can send must not end a sign-in.
    let begun = begin(OURS);
    let other = begin(OURS);
    let foreign = query::target(&other.url).to_owned();
    for path in
        ["", "/callback", "/callback/", "/", "/favicon.ico", "PATH/", "PATH/..", "/callback//", &foreign]
    {
        for query in
            ["?code=c0de&state=STATE", "?error=access_denied&state=STATE", "?code=a&code=b", "?code=%", ""]
        {
            begun.check(&format!("{path}{query}"), Err(CallbackError::NotOurs));
        }
    }
    let mut near = begun.url.clone();
    near.pop();
    begun.check(&format!("{near}?code=c0de"), Err(CallbackError::NotOurs));
    begun.check(&format!("{}x?code=c0de", begun.url), Err(CallbackError::NotOurs));
}

#[test]
fn urls_of_other_people_are_not_ours() {
    let begun = begin(OURS);
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
        begun.check(&format!("{origin}PATH?code=c0de"), Err(CallbackError::NotOurs));
        begun.check_pasted(&format!("{origin}PATH?code=c0de"), Err(CallbackError::NotOurs));
    }
}

#[test]
fn a_state_that_comes_back_is_ours() {
    let begun = begin(OURS);
    let other = begin(OURS).state;
    for state in ["STATEx", "x", "%00", &other] {
        begun.check(&format!("PATH?code=c0de&state={state}"), Err(CallbackError::StateMismatch));
        begun.check(&format!("PATH?error=access_denied&state={state}"), Err(CallbackError::StateMismatch));
    }
    begun.check("PATH?code=c0de&state=STATE&state=STATE", Err(CallbackError::Ambiguous("state")));
}

#[test]
fn what_stands_twice_is_not_chosen_from() {
    // L-13
    let begun = begin(OURS);
    begun.check("PATH?code=a&code=b", Err(CallbackError::Ambiguous("code")));
    begun.check("PATH?code=a&code=a", Err(CallbackError::Ambiguous("code")));
    begun.check("PATH?code=a&c%6fde=b", Err(CallbackError::Ambiguous("code")));
    begun.check("PATH?code=a&error=access_denied", Err(CallbackError::Ambiguous("code")));
    begun.check("PATH?error=a&error=b", Err(CallbackError::Ambiguous("error")));
}

#[test]
fn a_code_that_cannot_be_one_is_refused() {
    let begun = begin(OURS);
    let long = "c".repeat(513);
    for bad in ["%00", "a%0d%0aX-Evil:1", "%c3%b6", "%ff", "%7f", long.as_str()] {
        let read = begun.read_callback(&begun.fill(&format!("PATH?code={bad}")));
        assert!(matches!(read, Err(CallbackError::InvalidCode(_))), "{bad}: {read:?}");
    }
    begun.check(&format!("PATH?code={}", "c".repeat(512)), Ok(&"c".repeat(512)));
}

#[test]
fn a_denial_and_a_failure_are_told_apart() {
    let begun = begin(OURS);
    for (query, words) in [
        ("error=access_denied", "the user declined"),
        ("error=access_denied&error_description=No&state=STATE", "the user declined"),
        ("error=server_error&error_description=x", "OpenRouter could not authorize: server_error"),
        ("error=%1b%5b31mred", "OpenRouter could not authorize: red"),
    ] {
        let read = begun.read_callback(&begun.fill(&format!("PATH?{query}")));
        assert_eq!(read.unwrap_err().to_string(), words, "{query}");
    }
    begun.check("PATH", Err(CallbackError::MissingCode));
    begun.check("PATH?", Err(CallbackError::MissingCode));
    begun.check("PATH?CODE=c0de&kode=c0de", Err(CallbackError::MissingCode));
    begun.check("PATH?error_description=alone", Err(CallbackError::MissingCode));
    // One without a value counts as left out (RFC 6749, section 3.1).
    for empty in ["PATH?code=", "PATH?code", "PATH?error=", "PATH?code=&error=&state="] {
        begun.check(empty, Err(CallbackError::MissingCode));
    }
    begun.check("PATH?code=c0de&error=&state=", Ok("c0de"));
}

#[test]
fn what_is_not_whole_or_too_long_is_malformed() {
    let begun = begin(OURS);
    for bad in ["PATH?code=%", "PATH?code=%0", "PATH?code=%zz", "PATH?x=%&code=c0de"] {
        begun.check(bad, Err(CallbackError::Malformed));
    }
    let padding = |length: usize| {
        let path = query::target(&begun.url);
        format!("PATH?code=c0de&x={}", "x".repeat(length - path.len() - "?code=c0de&x=".len()))
    };
    begun.check(&padding(8 * 1024), Ok("c0de"));
    begun.check(&padding(8 * 1024 + 1), Err(CallbackError::Malformed));
}

#[test]
fn a_stray_request_changes_nothing() {
    // Login helpers: one ends at a stray request, another at a wrong state.
    let begun = begin(OURS);
    for stray in ["/", "/favicon.ico", "PATH?code=%", "PATH?state=x&code=c", "PATH?error=access_denied"] {
        let _ignored = begun.read_callback(&begun.fill(stray));
    }
    begun.check("PATH?code=c0de&state=STATE", Ok("c0de"));
    begun.check("PATH?code=c0de&state=STATE", Ok("c0de"));
}

#[test]
fn query_is_read_without_its_path() {
    let begun = begin(OURS);
    let AnySignIn::Callback(pending) = &begun.pending else { panic!("it has a callback") };
    let read = |query: &str| pending.read_query(&begun.fill(query)).map(|code| code.expose().to_owned());
    assert_eq!(read("code=c0de&state=STATE").as_deref(), Ok("c0de"));
    assert_eq!(read("code=c0de&state=x"), Err(CallbackError::StateMismatch));
    assert_eq!(read(""), Err(CallbackError::MissingCode));
    assert_eq!(read(&format!("code={}", "c".repeat(8 * 1024))), Err(CallbackError::Malformed));
}

#[test]
fn denial_and_failure_end_a_sign_in() {
    let begun = begin(OURS);
    for (query, ends) in
        [("error=access_denied", true), ("error=server_error", true), ("", false), ("state=x", false)]
    {
        let error = begun.read_callback(&begun.fill(&format!("PATH?{query}"))).unwrap_err();
        assert_eq!(error.ends_sign_in(), ends, "{query}");
    }
}

#[test]
fn a_headless_sign_in_has_no_callback() {
    let begun = begin(None);
    assert!(matches!(begun.pending, AnySignIn::Headless(_)));
    begun.check_pasted("/callback?code=c0de", Err(CallbackError::NotOurs));
    begun.check_pasted("https://my.app/?code=c0de", Err(CallbackError::NotOurs));
    begun.check_pasted("/?code=c0de", Err(CallbackError::NotOurs));
}

#[test]
fn a_bare_code_may_be_pasted_with_what_clings_to_it() {
    // P-2
    for begun in [begin(None), begin(OURS)] {
        for pasted in [
            "c0de",
            "  c0de\n",
            "\tc0de\r\n",
            "\u{1b}[200~c0de\u{1b}[201~",
            "\u{200b}c0de\u{feff}\u{a0}",
            "code=c0de",
            "?code=c0de",
            " ?code=c0de&x=1\n",
        ] {
            begun.check_pasted(pasted, Ok("c0de"));
        }
    }
}

#[test]
fn a_pasted_query_may_begin_with_another_parameter() {
    // P-2: the callback's own stand first.
    let begun = begin(Some("https://my.app/callback?tenant=7"));
    for pasted in ["tenant=7&code=c0de&state=STATE", "?tenant=7&code=c0de", " ?x=1&code=c0de\n"] {
        begun.check_pasted(pasted, Ok("c0de"));
    }
}

#[test]
fn the_whole_url_may_be_pasted_if_it_is_ours() {
    // P-2
    let begun = begin(OURS);
    begun.check_pasted("URL?code=c0de&state=STATE", Ok("c0de"));
    begun.check_pasted(" URL?code=c0de \n", Ok("c0de"));
    begun.check_pasted("PATH?code=c0de", Ok("c0de"));
    // Some browsers show a URL without its scheme.
    begun.check_pasted("my.appPATH?code=c0de", Ok("c0de"));
    begun.check_pasted("evilPATH?code=c0de", Err(CallbackError::NotOurs));
    begun.check_pasted("https://my.app/callback?code=c0de", Err(CallbackError::NotOurs));
    begun.check_pasted("URL?code=c0de&state=x", Err(CallbackError::StateMismatch));
    begun.check_pasted("URL?error=access_denied", Err(CallbackError::Denied { description: None }));
    begun.check_pasted("error=access_denied", Err(CallbackError::Denied { description: None }));
}

#[test]
fn other_things_that_are_pasted_are_refused() {
    // P-2
    let begun = begin(None);
    for nothing in ["", " \n", "\u{200b}", "\u{1b}[200~\u{1b}[201~"] {
        begun.check_pasted(nothing, Err(CallbackError::MissingCode));
    }
    for bad in ["two\nlines", "c\u{f6}de", "\u{1b}[31mc0de", "a\0b"] {
        let read = begun.pending.read_pasted(bad);
        assert!(matches!(read, Err(CallbackError::InvalidCode(_))), "{bad:?}: {read:?}");
    }
    begun.check_pasted("code=a&code=b", Err(CallbackError::Ambiguous("code")));
    begun.check_pasted(&"c".repeat(4 * 1024 + 1), Err(CallbackError::Malformed));
}

proptest! {
    #[test]
    fn anything_may_come_back(text in "\\PC{0,40}|(/|\\?|#|%|&|=|code|state|error|:|//|@|\\x1b\\[|\u{200b}){0,12}") {
        // C-27
        let headless = begin(None);
        let _any = headless.pending.read_pasted(&text);
        prop_assert!(headless.pending.is_fresh());
        let begun = begin(OURS);
        let read = begun.read_callback(&text);
        prop_assert!(matches!(read, Err(CallbackError::NotOurs)), "{read:?}");
        let behind = begun.fill(&format!("PATH?{}", text.replace('#', "")));
        let _any = begun.read_callback(&behind);
        let _any = begun.pending.read_pasted(&text);
        prop_assert!(begun.pending.is_fresh());
    }
}
