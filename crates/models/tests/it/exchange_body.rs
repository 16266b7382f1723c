//! Tests of decoding a successful exchange: a new key is never lost, and nothing else is mistaken for a key.

use openrouter_oauth_models::{ApiKeyGrant, Endpoint, ExchangeAuthCode};

const DOCUMENTED: &str = r#"{"key":"sk-or-v1-0e6f","user_id":"user_2yOP"}"#;

fn decode(body: impl AsRef<[u8]>) -> Option<ApiKeyGrant> {
    ExchangeAuthCode::decode(body.as_ref()).ok()
}

/// Checks that the body contains this key and this user ID.
#[track_caller]
fn check(body: impl AsRef<[u8]>, key: &str, user_id: Option<&str>) {
    let grant =
        decode(&body).unwrap_or_else(|| panic!("no key in {:?}", body.as_ref().escape_ascii().to_string()));
    assert_eq!(grant.key.expose(), key);
    assert_eq!(grant.user_id.as_deref(), user_id);
}

/// Checks that the body contains no key.
#[track_caller]
fn check_none(body: impl AsRef<[u8]>) {
    let shown = body.as_ref().escape_ascii().to_string();
    assert!(decode(body).is_none(), "a key in {shown}");
}

#[test]
fn key_is_found_in_its_field() {
    // C-21, C-22
    check(DOCUMENTED, "sk-or-v1-0e6f", Some("user_2yOP"));
    check(r#"{"user_id":null,"key":"k"}"#, "k", None);
    check(r#"{"key":"k"}"#, "k", None);
    check(" \t\r\n{ \"key\" : \"k\" }\r\n", "k", None);
    check(r#"{"\u006bey":"\u006b","user\u005fid":"u"}"#, "k", Some("u"));
    check(r#"{"a":{"key":"inner"},"key":"k","b":[{"key":"inner"}]}"#, "k", None);
    check(r#"{"KEY":"a","key ":"b","":"c","key":"k"}"#, "k", None);
    check(r#"{"error":null,"success":true,"key":"k"}"#, "k", None);
    check(r#"{"key":"k","error":{"code":500,"message":"No."}}"#, "k", None);
}

#[test]
fn key_has_1_to_512_visible_ascii_characters() {
    // C-21
    let of = |key: &str| format!(r#"{{"key":"{key}"}}"#);
    check(of("~"), "~", None);
    check(of(&"k".repeat(512)), &"k".repeat(512), None);
    check_none(of(&"k".repeat(513)));
    check_none(of(&"k".repeat(10 << 20)));
    for bad in
        ["", " ", "a b", r"a\r\nX-Evil: 1", r"a\nb", r"\u0000", r"k\u007f", "\u{e9}", r"\u00e9", "\u{2028}"]
    {
        check_none(of(bad));
    }
}

#[test]
fn key_of_another_type_is_rejected() {
    // F35, C-21
    for other in ["null", "true", "1", "1e400", "NaN", "[]", r#"["k"]"#, "{}", r#"{"key":"k"}"#] {
        check_none(format!(r#"{{"key":{other}}}"#));
    }
    check_none("{}");
    check_none(r#"{"user_id":"u"}"#);
    check_none(r#"{"data":{"key":"k"}}"#);
}

#[test]
fn last_of_two_equal_names_wins() {
    // C-22, A3
    check(r#"{"key":"a","key":"b"}"#, "b", None);
    check(r#"{"key":"a","\u006bey":"b"}"#, "b", None);
    check(r#"{"key":7,"key":"b"}"#, "b", None);
    check(r#"{"user_id":"a","key":"k","user_id":"b"}"#, "k", Some("b"));
    check(r#"{"user_id":7,"key":"k","user_id":"b"}"#, "k", Some("b"));
    check_none(r#"{"key":"a","key":null}"#);
}

#[test]
fn padded_key_is_trimmed() {
    check(r#"{"key":" sk-or-v1-0e6f\n"}"#, "sk-or-v1-0e6f", None);
    check("{\"key\":\"\u{a0}k\\t\",\"user_id\":7}", "k", None);
    check_none(r#"{"key":" \n"}"#);
}

#[test]
fn key_is_found_whatever_the_other_fields_are() {
    // C-22
    for user_id in ["7", "-1e400", "true", "{}", "[]", r#"["u"]"#, r#"{"id":"u"}"#] {
        check(format!(r#"{{"user_id":{user_id},"key":"k"}}"#), "k", None);
        check(format!(r#"{{"key":"k","user_id":{user_id}}}"#), "k", None);
        check(format!(r#"{{"key":"k","other":{user_id}}}"#), "k", None);
    }
    check(r#"{"user_id":"","key":"k"}"#, "k", Some(""));
    for (field, user_id) in [("user_id", Some("\u{fffd}\u{fffd}")), ("other", None)] {
        let body = [b"{\"key\":\"k\",\"", field.as_bytes(), b"\":\"\xff\xfe\"}"].concat();
        check(body, "k", user_id);
        // Half of a character, as an escape.
        let body = format!(r#"{{"key":"k","{field}":"\udc00\ud800"}}"#);
        check(body, "k", user_id);
    }
}

#[test]
fn nesting_does_not_overflow_the_stack() {
    // F35, C-22
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for field in ["user_id", "other"] {
            let nested = [&open.repeat(1_000_000), "0", &close.repeat(1_000_000)].concat();
            check(format!(r#"{{"{field}":{nested},"key":"k"}}"#), "k", None);
        }
        check_none(open.repeat(1_000_000));
        check_none(format!(r#"{{"key":{}"#, open.repeat(1_000_000)));
    }
}

#[test]
fn key_is_found_after_a_byte_order_mark() {
    // F35
    check(format!("\u{feff}{DOCUMENTED}"), "sk-or-v1-0e6f", Some("user_2yOP"));
}

#[test]
fn truncated_body_has_no_key() {
    // F35
    for end in 0..DOCUMENTED.len() {
        check_none(&DOCUMENTED[..end]);
    }
}

#[test]
fn body_that_is_not_one_json_object_has_no_key() {
    // C-21, C-22
    let utf_16 = |unit: fn(u16) -> [u8; 2]| DOCUMENTED.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    check_none(utf_16(u16::to_be_bytes));
    check_none(utf_16(u16::to_le_bytes));
    check_none(format!("\u{feff}\u{feff}{DOCUMENTED}"));
    check_none(r#"["sk-or-v1-0e6f","user_2yOP"]"#);
    check_none(r#"["sk-or-v1-0e6f"]"#);
    check_none(format!("{DOCUMENTED}{DOCUMENTED}"));
    check_none(format!("{DOCUMENTED}x"));
    check_none(format!("{DOCUMENTED}}}"));
    check_none(format!("{DOCUMENTED} // made"));
    check_none(format!("{DOCUMENTED}\0"));
    check_none(format!(")]}}',\n{DOCUMENTED}"));
    check_none(b"{\"key\":\"sk\xff\"}");
    check_none(b"{\"key\":\"sk\xc3\"}");
    check_none([b"\xff\xfe", DOCUMENTED.as_bytes()].concat());
    check_none(b"{\"key\":\"\xc0\xaf\"}");
    for bad in [
        "",
        " ",
        "null",
        "true",
        "1e400",
        "[]",
        r#""sk-or-v1-0e6f""#,
        "sk-or-v1-0e6f",
        "<html>sk-or-v1-0e6f</html>",
        "key=sk-or-v1-0e6f",
        r#"{"key":"\ud800"}"#,
        r#"{"key":"k",}"#,
        r#"{"key":"k" /* none */}"#,
        r#"{"key":"k","n":NaN}"#,
        "{'key':'k'}",
        "{key:\"k\"}",
        "{\"key\":\"k\n\"}",
        "{\"key\":\"k\0\"}",
        r#"{"key":"\x6b"}"#,
    ] {
        check_none(bad);
    }
}

#[test]
fn error_in_a_success_has_no_key() {
    check_none(r#"{"error":{"code":400,"message":"Invalid code"}}"#);
}
