//! A line that is typed or pasted into a terminal without being shown.

use zeroize::Zeroizing;

use crate::prompt::{MAX_BYTES, Pasted, PromptError};

/// The line so far, and the mask that stands for it on the screen. Knows no terminal: bytes go in, and what to print comes
/// out.
#[derive(Debug)]
pub(super) struct Line {
    bytes: Zeroizing<Vec<u8>>,
    is_too_long: bool,
    is_pasting: bool,
    sequence: Sequence,
    /// How many characters of the mask are on the screen, and how many have room in the line there.
    shown: usize,
    room: usize,
}

/// What came of a byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// The line goes on.
    More,
    /// The line is complete.
    Entered,
    /// The person wants no more of it.
    Closed,
}

/// How far an escape sequence has been read: an arrow key, or the marks around a paste.
#[derive(Clone, Copy, Debug)]
enum Sequence {
    None,
    /// After `ESC`.
    Begun,
    /// After `ESC O`.
    Key,
    /// After `ESC [`, with the number read so far.
    Control(u16),
}

impl Line {
    /// An empty line, with room on the screen for so many characters of a mask.
    pub(super) fn new(room: usize) -> Self {
        Self {
            // In its final size: growing would leave copies behind.
            bytes: Zeroizing::new(Vec::with_capacity(MAX_BYTES)),
            is_too_long: false,
            is_pasting: false,
            sequence: Sequence::None,
            shown: 0,
            room,
        }
    }

    /// Takes a byte, and puts what is to be printed behind `echo`.
    pub(super) fn take(&mut self, byte: u8, echo: &mut String) -> Step {
        if byte < b' ' || byte == DELETE {
            // No sequence holds one, so whatever was begun was none.
            self.sequence = if byte == ESCAPE { Sequence::Begun } else { Sequence::None };
        } else if self.is_in_sequence(byte) {
            return Step::More;
        }
        match byte {
            CTRL_C | CTRL_BACKSLASH => return Step::Closed,
            CTRL_D if self.bytes.is_empty() && !self.is_too_long => return Step::Closed,
            // A line end within a paste is where a long URL was folded.
            b'\r' | b'\n' if !self.is_pasting => return Step::Entered,
            BACKSPACE | DELETE => self.erase_one(),
            CTRL_U => self.erase_all(),
            0..b' ' => {}
            byte => self.push(byte),
        }
        self.show(echo);
        Step::More
    }

    /// What was entered.
    pub(super) fn into_pasted(self) -> Result<Pasted, PromptError> {
        if self.is_too_long { Err(PromptError::TooLong) } else { Ok(Pasted::from_utf8_lossy(&self.bytes)) }
    }

    /// Whether the byte belongs to an escape sequence. None does anything, but for the marks of a paste.
    fn is_in_sequence(&mut self, byte: u8) -> bool {
        self.sequence = match (self.sequence, byte) {
            (Sequence::None, _) => return false,
            (Sequence::Begun, b'O') => Sequence::Key,
            (Sequence::Control(number), b'0'..=b'9') => {
                Sequence::Control(number.saturating_mul(10).saturating_add(u16::from(byte - b'0')))
            }
            (Sequence::Begun, b'[') | (Sequence::Control(_), b' '..=b'?') => Sequence::Control(0),
            (Sequence::Control(number), b'~') => {
                self.is_pasting = number == PASTE_BEGINS || (self.is_pasting && number != PASTE_ENDS);
                Sequence::None
            }
            (Sequence::Begun | Sequence::Key | Sequence::Control(_), _) => Sequence::None,
        };
        true
    }

    fn push(&mut self, byte: u8) {
        if self.bytes.len() < MAX_BYTES && !self.is_too_long {
            self.bytes.push(byte);
        } else {
            // The rest is still taken, up to the line's end: it must not be the next line, or the shell's.
            self.erase_all();
            self.is_too_long = true;
        }
    }

    fn erase_one(&mut self) {
        while self.bytes.pop().is_some_and(|byte| !begins_character(byte)) {}
    }

    fn erase_all(&mut self) {
        self.bytes.clear();
        self.is_too_long = false;
    }

    /// Brings the mask on the screen to the length of the line, as far as there is room.
    fn show(&mut self, echo: &mut String) {
        let characters = self.bytes.iter().filter(|byte| begins_character(**byte)).count();
        let wanted = characters.min(self.room);
        for _ in wanted..self.shown {
            echo.push_str("\u{8} \u{8}");
        }
        for _ in self.shown..wanted {
            echo.push(MASK);
        }
        self.shown = wanted;
    }
}

/// Whether a byte of UTF-8 is the first of its character.
fn begins_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

/// Stands for a character.
const MASK: char = '*';

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const ESCAPE: u8 = 0x1b;
const CTRL_BACKSLASH: u8 = 0x1c;
const DELETE: u8 = 0x7f;

/// The numbers of a terminal's marks around a paste.
const PASTE_BEGINS: u16 = 200;
const PASTE_ENDS: u16 = 201;

#[cfg(test)]
mod tests {
    use super::*;

    /// Types `input` into a line with this much room: what came of the last byte, of the line, and what was printed.
    fn typed(input: &[u8], room: usize) -> (Step, Result<String, PromptError>, String) {
        let mut line = Line::new(room);
        let mut echo = String::new();
        let mut step = Step::More;
        for byte in input {
            assert_eq!(step, Step::More, "{input:?}");
            step = line.take(*byte, &mut echo);
        }
        (step, line.into_pasted().map(|pasted| pasted.expose().to_owned()), echo)
    }

    #[track_caller]
    fn check(input: &[u8], text: &str, echo: &str) {
        let (step, pasted, printed) = typed(input, 20);
        assert_eq!((step, pasted.unwrap().as_str(), printed.as_str()), (Step::Entered, text, echo));
    }

    #[test]
    fn a_character_shows_as_a_mask() {
        // P-3
        check(b"abc\r", "abc", "***");
        check("aé→🦀\n".as_bytes(), "aé→🦀", "****");
        check(b"\r", "", "");
        check(b"a\xff\xc3b\r", "a\u{fffd}\u{fffd}b", "****");
    }

    #[test]
    fn the_last_character_and_the_whole_line_can_be_taken_back() {
        let back = "\u{8} \u{8}";
        check("aé→\u{7f}\u{8}b\r".as_bytes(), "ab", &["***", back, back, "*"].concat());
        check(b"abc\x15d\r", "d", &["***", back, back, back, "*"].concat());
        check(b"\x7f\x15a\r", "a", "*");
    }

    #[test]
    fn the_mask_stays_on_its_line() {
        let (_, pasted, printed) = typed(b"abcde\x7f\x7fx\x7f\x7f\r", 3);
        assert_eq!((pasted.unwrap().as_str(), printed.as_str()), ("ab", "***\u{8} \u{8}"));
    }

    #[test]
    fn keys_that_mean_nothing_are_left_out() {
        check(b"a\x1b[A\x1bOPb\x1b[1;5C\x1b[3~c\x1bxd\x1b\x1b[200\x09e\x1a\x13\x00\r", "abcde", "*****");
    }

    #[test]
    fn the_marks_of_a_paste_are_left_out_and_its_line_ends() {
        // P-2
        check(b"\x1b[200~https://a/\r\nb?\nc\n\x1b[201~\r", "https://a/b?c", "*************");
        check(b"\x1b[200~a\x1b[A\x1b[12~\nb\x1b[201~c\r", "abc", "***");
    }

    #[test]
    fn ctrl_c_and_ctrl_d_end_it() {
        // P-5
        for input in
            ["\u{3}", "a\u{3}", "\u{1b}[200~a\n\u{3}", "\u{1b}[\u{3}", "\u{1c}", "\u{4}", "a\u{7f}\u{4}"]
        {
            assert_eq!(typed(input.as_bytes(), 20).0, Step::Closed, "{input:?}");
        }
        // As in a shell, Ctrl-D ends an empty line only.
        check(b"a\x04b\r", "ab", "**");
    }

    #[test]
    fn a_line_that_is_too_long_is_taken_to_its_end() {
        // P-2
        let longest = vec![b'a'; MAX_BYTES];
        let entered = |input: &[u8]| typed(&[input, b"\r"].concat(), 20);
        assert_eq!(entered(&longest).1.unwrap().len(), MAX_BYTES);
        let (step, pasted, _) = entered(&[&longest, &b"b\x04c"[..]].concat());
        assert!(matches!((step, pasted), (Step::Entered, Err(PromptError::TooLong))));
        let (_, pasted, _) = entered(&[&longest, &b"b\x15c"[..]].concat());
        assert_eq!(pasted.unwrap(), "c");
        assert_eq!(typed(&[&longest, &b"b\x03"[..]].concat(), 20).0, Step::Closed);
    }
}
