//! Draws a URL as a QR code.

use fast_qr::{ECL, QRBuilder};

/// A QR code, drawn in characters that are two modules high.
#[derive(Debug)]
pub(crate) struct QrCode {
    lines: Vec<String>,
    columns: usize,
}

/// How to draw light and dark modules.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ink {
    /// Black on white, regardless of the terminal's colors.
    Color,
    /// The terminal's colors, assumed to be light on dark. On a light terminal, only readers that support inverted
    /// codes can read the code.
    Plain,
}

impl QrCode {
    /// Draws `text`. Returns `None` if it is too long for a QR code.
    pub(crate) fn draw(text: &str, ink: Ink) -> Option<Self> {
        // A screen does not damage the code, so the least redundancy is enough and gives the smallest code.
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
            // A code has an odd number of rows, so the last pair has only one.
            rest => line(rest.first().unwrap_or(&light), &light, ink),
        });
        Some(Self { lines: lines.collect(), columns })
    }

    /// Returns the lines of the drawing, without line ends.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Returns the width of each line in columns.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }
}

/// The width of the white margin in modules, as ISO/IEC 18004 requires.
const QUIET: usize = 4;

/// Draws two rows of modules as a line. `true` is dark.
fn line(upper: &[bool], lower: &[bool], ink: Ink) -> String {
    let characters = upper.iter().zip(lower).map(|(upper, lower)| {
        // With color, the characters draw the dark modules; without it, the light ones.
        let is_drawn = |is_dark: bool| is_dark == (ink == Ink::Color);
        match (is_drawn(*upper), is_drawn(*lower)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        }
    });
    match ink {
        // From the 256-color palette, because themes can change the first 16 colors.
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
        // `tests/it/qr.rs` decodes whole codes.
        let code = QrCode::draw("x", Ink::Plain).unwrap();
        assert_eq!((code.columns(), code.lines().len()), (21 + 2 * QUIET, (21 + 2 * QUIET).div_ceil(2)));
        let white = "█".repeat(code.columns());
        let (top, rest) = code.lines().split_at(QUIET / 2);
        assert!(top.iter().all(|line| *line == white));
        assert!(rest.iter().rev().take(QUIET / 2).all(|line| *line == white));
        assert!(rest.iter().all(|line| line.starts_with("████") && line.ends_with("████")));
    }
}
