//! The instructions on a terminal, and decoding their QR code.

use std::process::{Command, Stdio};

use rqrr::PreparedImage;

use crate::{
    child::{self, Running},
    pty::Terminal,
    tools::{SETSID, needs},
};

/// Returns the instructions as a terminal of this size shows them, and their URL.
fn shown(
    step: &str,
    label: &str,
    (columns, rows): (u16, u16),
    variables: &[(&str, &str)],
) -> (String, String) {
    let terminal = Terminal::new(columns, rows);
    let mut command = child::command(&format!("{step} {label}"));
    command.envs(variables.iter().copied());
    let mut child = Running::start(&mut terminal.around(&command));
    let url = child.expect("url");
    let shown = terminal.wait_for("with the link above.\r\n");
    terminal.enter("\n");
    child.expect("line");
    child.finish();
    (shown, url)
}

/// Returns the drawn rows of modules. `true` is dark.
fn modules(shown: &str) -> Vec<Vec<bool>> {
    let is_colored = shown.contains("\u{1b}[38;5;16;48;5;231m");
    let drawn = shown.replace("\u{1b}[38;5;16;48;5;231m", "").replace("\u{1b}[0m", "");
    let mut rows = Vec::new();
    // With color, the margin is blank; without it, it is drawn. Blank lines around the code do no harm.
    let is_drawn = |line: &&str| !line.is_empty() && line.chars().all(|character| " █▀▄".contains(character));
    for line in drawn.split("\r\n").filter(is_drawn) {
        rows.push(line.chars().map(|character| "█▀".contains(character) == is_colored).collect());
        rows.push(line.chars().map(|character| "█▄".contains(character) == is_colored).collect());
    }
    rows
}

/// Decodes the only code in these modules.
#[track_caller]
fn decode(modules: &[Vec<bool>]) -> String {
    const PIXELS: usize = 4;
    let (width, height) = (modules[0].len() * PIXELS, modules.len() * PIXELS);
    let mut image = PreparedImage::prepare_from_bitmap(width, height, |x, y| modules[y / PIXELS][x / PIXELS]);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap().1
}

#[test]
fn qr_code_contains_the_url() {
    needs!(SETSID);
    let longest = "🦀".repeat(100);
    for label in ["my-cli on my-host", "x", "a & b = c%20d + “e”", &"m".repeat(100), &longest] {
        for variables in [&[][..], &[("NO_COLOR", "1")]] {
            let (shown, url) = shown("show", label, (200, 100), variables);
            assert_eq!(decode(&modules(&shown)), url, "{variables:?} {shown}");
            assert_eq!(shown.contains("\u{1b}["), variables.is_empty());
        }
    }
}

#[test]
fn qr_code_is_omitted_if_it_does_not_fit() {
    needs!(SETSID);
    let label = "my-cli on my-host";
    let is_drawn = |size, variables: &[(&str, &str)]| {
        let (shown, url) = shown("show", label, size, variables);
        assert!(shown.contains(&format!("\r\n{url}\r\n")), "the URL has its own line: {shown}");
        !modules(&shown).is_empty()
    };
    let (wide, _) = shown("show", label, (200, 100), &[]);
    let modules = modules(&wide);
    let columns = u16::try_from(modules[0].len()).unwrap();
    // The code, an empty line, two lines of text that may wrap once each, and the question.
    let rows = u16::try_from(modules.len() / 2).unwrap() + 6;
    assert!(is_drawn((columns, rows), &[]));
    assert!(!is_drawn((columns - 1, rows), &[]));
    assert!(!is_drawn((columns, rows - 1), &[]));
    assert!(!is_drawn((0, 0), &[]));
    assert!(!is_drawn((200, 100), &[("TERM", "dumb")]));
}

#[test]
fn instructions_name_the_key_and_the_danger() {
    // P-4
    needs!(SETSID);
    for (step, way) in [("show", "Paste it here"), ("show-loopback", "the browser returns here")] {
        let (shown, url) = shown(step, "my-cli \"<👩\u{200d}🚀> on my-host", (200, 100), &[]);
        for words in [
            "OpenRouter",
            "“my-cli \"<👩\u{200d}🚀> on my-host”",
            "ten minutes",
            "that you opened yourself",
            way,
            &url,
        ] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        assert_eq!(!modules(&shown).is_empty(), step == "show", "{shown}");
    }
}

#[test]
fn instructions_go_to_standard_error_without_a_terminal() {
    needs!(SETSID);
    for step in ["show", "show-stdin"] {
        let command = child::command(&format!("{step} x"));
        let mut around = Command::new("setsid");
        around.arg("--wait").arg(command.get_program()).args(command.get_args());
        around.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = around.stdin(Stdio::null()).output().unwrap();
        let (stdout, stderr) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{stdout} {stderr}");
        let url = stdout.split("REPORT url ").nth(1).unwrap().lines().next().unwrap();
        assert!(stderr.contains(&format!("\n{url}\n")), "{stderr}");
        assert!(!stderr.contains('\u{1b}') && !stdout.contains("Sign in"), "{stdout} {stderr}");
    }
}
