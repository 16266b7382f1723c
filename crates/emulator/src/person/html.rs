//! As much of HTML as it takes to follow a form.

/// A form, filled in and ready to be sent by one of its buttons.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Form {
    pub(super) is_post: bool,
    pub(super) action: String,
    pub(super) fields: Vec<(String, String)>,
}

impl Form {
    /// The first form with a button of this value, and the fields it sends when that button is pressed.
    pub(super) fn with_button(html: &str, button: &str) -> Option<Self> {
        let mut form: Option<Self> = None;
        let mut pressed = false;
        for tag in tags(html) {
            match (tag.name.as_str(), &mut form) {
                ("form", _) => {
                    pressed = false;
                    form = Some(Self::begin(&tag));
                }
                ("/form", _) if pressed => return form,
                ("input", Some(form)) if !tag.is_button() => form.fields.extend(tag.field()),
                ("button" | "input", Some(form)) if tag.attribute("value").as_deref() == Some(button) => {
                    pressed = true;
                    form.fields.extend(tag.field());
                }
                _ => {}
            }
        }
        form.filter(|_| pressed)
    }

    fn begin(tag: &Tag<'_>) -> Self {
        Self {
            is_post: tag.attribute("method").is_some_and(|method| method.eq_ignore_ascii_case("post")),
            action: tag.attribute("action").unwrap_or_default(),
            fields: Vec::new(),
        }
    }
}

/// What a reader sees, each run of spaces as one.
pub(super) fn text(html: &str) -> String {
    let mut text = String::new();
    let mut hidden = false;
    for (before, tag) in pieces(html) {
        if !hidden {
            text.push_str(&unescape(before));
            text.push(' ');
        }
        if let Some(tag) = tag {
            hidden = matches!(tag.name.as_str(), "style" | "script" | "title");
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text of the element with the id `code`.
pub(super) fn code(html: &str) -> Option<String> {
    let mut pieces = pieces(html);
    pieces
        .find(|(_, tag)| tag.as_ref().and_then(|tag| tag.attribute("id")).is_some_and(|id| id == "code"))?;
    let (code, _) = pieces.next()?;
    Some(unescape(code.trim()))
}

/// A tag, its name in lower case; a closing one begins with a slash.
struct Tag<'a> {
    name: String,
    attributes: &'a str,
}

impl Tag<'_> {
    fn is_button(&self) -> bool {
        let kind = self.attribute("type").unwrap_or_default();
        matches!(kind.to_ascii_lowercase().as_str(), "submit" | "button" | "image" | "reset")
    }

    /// What a control with a name sends.
    fn field(&self) -> Option<(String, String)> {
        let name = self.attribute("name")?;
        Some((name, self.attribute("value").unwrap_or_default()))
    }

    /// An attribute's value, in quotes or not.
    fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes.trim_start();
        while !rest.is_empty() {
            let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end)?;
            let (value, after) = match after.trim_start().strip_prefix('=') {
                Some(after) => value(after.trim_start()),
                None => ("", after),
            };
            if name.eq_ignore_ascii_case(wanted) {
                return Some(unescape(value));
            }
            rest = after.trim_start();
        }
        None
    }
}

/// An attribute's value and what follows it.
fn value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}

fn tags(html: &str) -> impl Iterator<Item = Tag<'_>> {
    pieces(html).filter_map(|(_, tag)| tag)
}

/// The text before each tag, and the tag.
fn pieces(html: &str) -> impl Iterator<Item = (&str, Option<Tag<'_>>)> {
    let mut rest = Some(html);
    std::iter::from_fn(move || {
        let Some((before, after)) = rest?.split_once('<') else {
            return rest.take().map(|text| (text, None));
        };
        let end = end_of_tag(after);
        let (inside, after) = after.split_at_checked(end)?;
        rest = Some(after.strip_prefix('>').unwrap_or(after));
        let inside = inside.trim_end_matches('/');
        let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        let name = name.to_ascii_lowercase();
        Some((before, Some(Tag { name, attributes })))
    })
}

/// Where the tag ends: at the first `>` that is not in quotes.
fn end_of_tag(text: &str) -> usize {
    let mut quote = None;
    for (position, character) in text.char_indices() {
        match (quote, character) {
            (None, '>') => return position,
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// Replaces the entities that escaping makes, and numeric ones.
fn unescape(text: &str) -> String {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let entity = part.split_once(';').and_then(|(name, rest)| Some((character(name)?, rest)));
        let (character, rest) = entity.unwrap_or(('&', part));
        plain.push(character);
        plain.push_str(rest);
    }
    plain
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        numeric => {
            let number = numeric.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><title>no</title><style>a > b {}</style>
        <FORM method=POST action='/auth?a=1&amp;b=2'>
        <input type="hidden" name="a" value="&quot;1 > 0&quot; &#39;&amp;&#x3c;">
        <label>Limit <input name=limit></label>
        <button name="decision" value="approve">Authorize</button>
        <button name="decision" value="deny">Deny</button><br/>
        </form><code id="code"> a&amp;b </code>"#;

    #[test]
    fn a_form_is_read_as_a_browser_reads_it() {
        let form = Form::with_button(PAGE, "deny").unwrap();
        assert!(form.is_post);
        assert_eq!(form.action, "/auth?a=1&b=2");
        let fields = [("a", "\"1 > 0\" '&<"), ("limit", ""), ("decision", "deny")];
        assert_eq!(form.fields, fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(Form::with_button(PAGE, "else"), None);
    }

    #[test]
    fn text_is_what_a_reader_sees() {
        assert_eq!(text(PAGE), "Limit Authorize Deny a&b");
        assert_eq!(code(PAGE).as_deref(), Some("a&b"));
        assert_eq!(code("<p>none</p>"), None);
    }

    #[test]
    fn odd_pages_are_read_to_their_end() {
        for html in ["", "<", "<a", "<a href='", "a<b=\"", "&", "&;", "&#;", "&#xd800;", "<form><input name"]
        {
            text(html);
            code(html);
            Form::with_button(html, "approve");
        }
    }
}
