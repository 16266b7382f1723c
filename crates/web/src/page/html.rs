//! Our HTML of the pages.

use openrouter_oauth::KeyLabel;

use super::action::PageAction;

/// The style of every page. The policy of the pages contains its hash.
pub(crate) const STYLE: &str = include_str!("style.css");

/// Returns a whole page with this content.
pub(super) fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         {body}</main>\n</body>\n</html>\n"
    )
}

pub(super) fn body(title: &str, text: &str, key_label: Option<&KeyLabel>, action: PageAction<'_>) -> String {
    let key_label =
        key_label.map(|label| format!("<p>Label: <strong>{}</strong></p>\n", escape(label.as_str())));
    let key_label = key_label.unwrap_or_default();
    format!("<h1>{title}</h1>\n<p>{text}</p>\n{key_label}{}", control(action))
}

/// Returns the button or the links.
fn control(action: PageAction<'_>) -> String {
    let label = action.label();
    let link = |url| format!("<p><a href=\"{}\">{label}</a></p>\n", escape(url));
    match action {
        PageAction::Post(url) => {
            format!("<form method=\"post\" action=\"{}\"><button>{label}</button></form>\n", escape(url))
        }
        PageAction::Continue { to, start_again } => link(to) + &control(PageAction::StartAgain(start_again)),
        PageAction::StartAgain(url) => link(url),
        PageAction::Reload => link(""),
        PageAction::Nothing => String::new(),
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "<b a='x'>&\"</b>";
    const ESCAPED: &str = "&lt;b a=&#39;x&#39;&gt;&amp;&quot;&lt;/b&gt;";

    #[test]
    fn label_is_escaped() {
        let html = body("", "", Some(&KeyLabel::parse(EVIL).unwrap()), PageAction::Nothing);
        assert!(html.contains(ESCAPED) && !html.contains(EVIL), "{html}");
    }

    #[test]
    fn urls_are_escaped() {
        for (action, count) in [
            (PageAction::Post(EVIL), 1),
            (PageAction::StartAgain(EVIL), 1),
            (PageAction::Continue { to: EVIL, start_again: EVIL }, 2),
        ] {
            let html = body("", "", None, action);
            assert_eq!((html.matches(ESCAPED).count(), html.contains(EVIL)), (count, false), "{html}");
        }
    }
}
