//! What a user reads.

use openrouter_oauth::models::replace_invisible;

use crate::{
    prompt::SignInInstructions,
    qr::{Ink, QrCode},
};

/// Before the code is typed.
pub(super) const QUESTION: &str = "Code: ";

/// Where a QR code can be drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Canvas {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) ink: Ink,
}

/// The text of the instructions.
pub(super) fn instructions(instructions: &SignInInstructions<'_>, canvas: Option<Canvas>) -> String {
    let label = replace_invisible(instructions.key_label.as_str());
    let url = instructions.url.as_str();
    let (where_to_open, qr_code, afterwards) = if instructions.is_headless {
        (
            "Open this page in a browser, on any device:",
            canvas.and_then(|canvas| qr_code(url, canvas)),
            "The page shows a code, which works once and for ten minutes. Paste it here and press Enter.\n\
             Only paste a code from a page that you opened yourself, from here.\n",
        )
    } else {
        (
            "If your browser does not open this page, open it there yourself, within ten minutes:",
            None,
            "The browser comes back here by itself. If it fails to, paste the address that it ended at and press \
             Enter.\n\
             Only paste the address of a page that you opened yourself, from here.\n",
        )
    };
    let qr_code = qr_code.map(|code| code.lines().join("\n") + "\n\n").unwrap_or_default();
    // The URL has a line for itself, so that it can be selected as a whole.
    format!(
        "Sign in with OpenRouter to make the key “{label}”.\n{where_to_open}\n\n{url}\n\n{qr_code}{afterwards}"
    )
}

/// What was wrong with the code before, as a line.
pub(super) fn problem(problem: Option<&str>) -> String {
    problem.map(|problem| replace_invisible(problem) + "\n").unwrap_or_default()
}

/// The URL as a QR code, if all of it can be seen at once, with what stands below it.
fn qr_code(url: &str, canvas: Canvas) -> Option<QrCode> {
    let code = QrCode::draw(url, canvas.ink)?;
    (code.columns() <= canvas.columns && code.lines().len() + LINES_BELOW <= canvas.rows).then_some(code)
}

/// An empty line, the text below, and the question; the text may take two lines each.
const LINES_BELOW: usize = 6;
