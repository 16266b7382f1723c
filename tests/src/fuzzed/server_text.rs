//! Text from a server.

use openrouter_oauth_models::ServerText;

use super::checks::assert_printable;

/// Checks text from a server: it becomes printable and short and contains no key, and plain text stays the same.
pub fn server_text(data: &[u8]) {
    // C-23
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
