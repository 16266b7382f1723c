//! Text from a server.

use openrouter_oauth_models::ServerText;

use super::assert_printable;

/// Text from a server: it is made printable and short, holds no key, and plain words are left as they are (C-23).
pub fn server_text(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    let shown = ServerText::new(text);
    let shown = shown.as_str();
    assert!(shown.chars().count() <= 512);
    assert_printable(shown);
    assert!(!shown.contains("sk-or-"), "{shown:?}");

    let is_plain = text.chars().all(|character| matches!(character, ' '..='~'));
    if is_plain && text.len() <= 512 && !text.contains("sk-or-") {
        assert_eq!(shown, text.trim_end());
    }
}
