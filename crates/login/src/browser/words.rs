//! Splits the value of `BROWSER` into programs, and each program's line into words.
//!
//! Quotes and backslashes work as in a POSIX shell, which has no other syntax here: `$`, `~`, `*`, and operators are
//! ordinary characters. If the quotes do not match, they are ordinary characters too.

/// Splits at colons that are neither quoted nor escaped.
pub(super) fn split_entries(list: &str) -> impl Iterator<Item = &str> {
    let mut lexer = Lexer::new(list);
    list.split(move |character| lexer.is_plain(character) && character == ':')
}

/// Splits at white space that is neither quoted nor escaped, and removes the quotes.
pub(super) fn split_words(line: &str) -> Vec<String> {
    let mut lexer = Lexer::new(line);
    let (mut words, mut word) = (Vec::new(), None);
    for character in line.chars() {
        match lexer.next(character) {
            Part::Plain if character.is_ascii_whitespace() => words.extend(word.take()),
            Part::EscapedInQuotes if !matches!(character, '"' | '\\' | '$' | '`') => {
                word.get_or_insert_with(String::new).extend(['\\', character]);
            }
            Part::Plain | Part::Quoted | Part::EscapedInQuotes => {
                word.get_or_insert_with(String::new).push(character);
            }
            // Empty quotes are a word.
            Part::Syntax => {
                word.get_or_insert_with(String::new);
            }
        }
    }
    words.extend(word);
    words
}

/// The part that a character plays in a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    /// A quote or backslash that is not part of a word.
    Syntax,
    /// A quoted or escaped character.
    Quoted,
    /// A character after a backslash in double quotes. The backslash is dropped only before some characters.
    EscapedInQuotes,
    Plain,
}

/// Reads a line from left to right.
struct Lexer {
    /// Whether quotes and backslashes have a meaning.
    has_syntax: bool,
    quote: Option<char>,
    is_escaped: bool,
}

impl Lexer {
    fn new(line: &str) -> Self {
        let mut lexer = Self { has_syntax: true, quote: None, is_escaped: false };
        for character in line.chars() {
            lexer.next(character);
        }
        let is_complete = lexer.quote.is_none() && !lexer.is_escaped;
        Self { has_syntax: is_complete, quote: None, is_escaped: false }
    }

    fn next(&mut self, character: char) -> Part {
        if !self.has_syntax {
            return Part::Plain;
        }
        if self.is_escaped {
            self.is_escaped = false;
            return if self.quote.is_some() { Part::EscapedInQuotes } else { Part::Quoted };
        }
        match (character, self.quote) {
            ('\\', None | Some('"')) => {
                self.is_escaped = true;
                Part::Syntax
            }
            ('"' | '\'', None) => {
                self.quote = Some(character);
                Part::Syntax
            }
            (_, Some(quote)) if quote == character => {
                self.quote = None;
                Part::Syntax
            }
            (_, Some(_)) => Part::Quoted,
            (_, None) => Part::Plain,
        }
    }

    fn is_plain(&mut self, character: char) -> bool {
        self.next(character) == Part::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_in_a_shell() {
        for (line, expected) in [
            ("", &[][..]),
            ("  ", &[]),
            ("a  b\tc", &["a", "b", "c"]),
            ("a 'b c' \"d e\"", &["a", "b c", "d e"]),
            ("a\\ b c\\\\d", &["a b", "c\\d"]),
            ("a'b'\"c\"", &["abc"]),
            ("a '' \"\"", &["a", "", ""]),
            (r#"'a\b"c' "a\b\"c\\d'e""#, &["a\\b\"c", "a\\b\"c\\d'e"]),
            ("$a ~ * `b` ; c|d", &["$a", "~", "*", "`b`", ";", "c|d"]),
            // Unmatched.
            ("o'neil -n", &["o'neil", "-n"]),
            ("a b\\", &["a", "b\\"]),
        ] {
            assert_eq!(split_words(line), expected, "{line}");
        }
    }

    #[test]
    fn entries_are_split_at_plain_colons() {
        for (list, expected) in [
            ("a:b c:", &["a", "b c", ""][..]),
            ("'a:b':\"c:d\":e\\:f", &["'a:b'", "\"c:d\"", "e\\:f"]),
            ("o'neil:b", &["o'neil", "b"]),
        ] {
            assert_eq!(split_entries(list).collect::<Vec<_>>(), expected, "{list}");
        }
    }
}
