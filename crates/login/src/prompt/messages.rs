//! The texts that the prompt shows to the user.

use openrouter_oauth::models::replace_invisible;

use crate::{
    prompt::SignInInstructions,
    qr::{Ink, QrCode},
};

/// The question in front of the input.
pub(super) const QUESTION: &str = "Code: ";

/// The space and colors for a QR code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Canvas {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) ink: Ink,
}

/// Returns the text of the instructions.
pub(super) fn instructions(instructions: &SignInInstructions<'_>, canvas: Option<Canvas>) -> String {
    let label = replace_invisible(instructions.key_label.as_str());
    let url = instructions.url.as_str();
    let (where_to_open, qr_code, afterwards) = if instructions.is_headless {
        (
            "Open this page in a browser, on any device:",
            canvas.and_then(|canvas| qr_code(url, canvas)),
            "The page then shows a code, which works once, within ten minutes. Paste it here and press Enter.\n\
             Only paste a code from a page that you opened yourself, with the link above.\n",
        )
    } else {
        (
            "If your browser does not open this page, open it yourself within ten minutes:",
            None,
            "After you approve, the browser returns here. If it cannot, paste the URL from its address bar and press \
             Enter.\n\
             Only paste the URL of a page that you opened yourself, with the link above.\n",
        )
    };
    let qr_code = qr_code.map(|code| code.lines().join("\n") + "\n\n").unwrap_or_default();
    // The URL has its own line, so that the user can select all of it.
    format!(
        "Sign in with OpenRouter to create the key “{label}”.\n{where_to_open}\n\n{url}\n\n{qr_code}{afterwards}"
    )
}

/// Returns the problem with the last code, as a line.
pub(super) fn problem(problem: Option<&str>) -> String {
    problem.map(|problem| replace_invisible(problem) + "\n").unwrap_or_default()
}

/// Returns the URL as a QR code, if the code and the text below it fit on the screen together.
fn qr_code(url: &str, canvas: Canvas) -> Option<QrCode> {
    let code = QrCode::draw(url, canvas.ink)?;
    (code.columns() <= canvas.columns && code.lines().len() + LINES_BELOW <= canvas.rows).then_some(code)
}

/// The lines below the QR code: an empty line, two lines of text that may wrap once each, and the question.
const LINES_BELOW: usize = 6;
