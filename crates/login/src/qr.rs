//! Draws a URL as a QR code.

use fast_qr::{ECL, QRBuilder};

/// A QR code, drawn in characters that are two modules high.
#[derive(Debug)]
pub(crate) struct QrCode {
    lines: Vec<String>,
    columns: usize,
}

/// How light and dark are told apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ink {
    /// Black on white, whatever the colors of the terminal.
    Color,
    /// The colors of the terminal, which is taken for a dark one. Readers that know inverted codes read it on a light one.
    Plain,
}

impl QrCode {
    /// Draws `text`; none if it is too long for a QR code.
    pub(crate) fn draw(text: &str, ink: Ink) -> Option<Self> {
        // The code is on a screen, undamaged: with the least redundancy it is smallest.
        let code = QRBuilder::new(text).ecl(ECL::L).build().ok()?;
        let columns = code.size + 2 * QUIET;
        let light = vec![false; columns];
        let mut rows = vec![light.clone(); QUIET];
        for modules in code.data.chunks(code.size).take(code.size) {
            let edge = [false; QUIET];
            rows.push(
                edge.into_iter().chain(modules.iter().map(|module| module.value())).chain(edge).collect(),
            );
        }
        rows.resize(rows.len() + QUIET, light.clone());
        let lines = rows.chunks(2).map(|pair| match pair {
            [upper, lower] => line(upper, lower, ink),
            // The size of a code is odd: below its last row nothing is left.
            rest => line(rest.first().unwrap_or(&light), &light, ink),
        });
        Some(Self { lines: lines.collect(), columns })
    }

    /// One for each line of the screen, without line ends.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// How many columns each line takes.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }
}

/// Modules of white around the code, as ISO/IEC 18004 wants.
const QUIET: usize = 4;

/// Two rows of modules, of which `true` is dark.
fn line(upper: &[bool], lower: &[bool], ink: Ink) -> String {
    let characters = upper.iter().zip(lower).map(|(upper, lower)| {
        // What is drawn is dark in color, and light without.
        let is_drawn = |is_dark: bool| is_dark == (ink == Ink::Color);
        match (is_drawn(*upper), is_drawn(*lower)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        }
    });
    match ink {
        // Of the 256 colors, since a theme may paint the first 16 as it likes.
        Ink::Color => ["\u{1b}[38;5;16;48;5;231m", &characters.collect::<String>(), "\u{1b}[0m"].concat(),
        Ink::Plain => characters.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_too_long_has_no_code() {
        assert!(QrCode::draw(&"x".repeat(2953), Ink::Plain).is_some());
        assert!(QrCode::draw(&"x".repeat(2954), Ink::Plain).is_none());
        assert!(QrCode::draw(&"x".repeat(100_000), Ink::Plain).is_none());
    }

    #[test]
    fn code_has_a_margin_all_around() {
        // `tests/it/qr.rs` reads whole ones.
        let code = QrCode::draw("x", Ink::Plain).unwrap();
        assert_eq!((code.columns(), code.lines().len()), (21 + 2 * QUIET, (21 + 2 * QUIET).div_ceil(2)));
        let white = "█".repeat(code.columns());
        let (top, rest) = code.lines().split_at(QUIET / 2);
        assert!(top.iter().all(|line| *line == white));
        assert!(rest.iter().rev().take(QUIET / 2).all(|line| *line == white));
        assert!(rest.iter().all(|line| line.starts_with("████") && line.ends_with("████")));
    }
}
