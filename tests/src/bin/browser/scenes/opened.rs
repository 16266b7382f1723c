//! How the program opens a browser.

use std::fs;

use openrouter_oauth_tests::Result;

use crate::{
    expect::expect_eq,
    login_process::LoginProcess,
    session::{BrowserSession, set_mode},
};

/// Records its arguments, environment and open files in a file.
const RECORDER: &str = r#"#!/bin/sh
{ printf '%s\n' "$#" "$@"; env; ls -l /proc/$$/fd; } >"$HOME/opening" 2>&1
mv "$HOME/opening" "$HOME/opened"
"#;

// L-22, L-23
pub(super) async fn by_a_program(session: &BrowserSession<'_>) -> Result {
    let recorder = session.home.path().join("recorder");
    fs::write(&recorder, RECORDER)?;
    set_mode(&recorder, 0o700)?;

    let label = r#"a label; $(touch pwned) `touch pwned` & "b" 'c' %s | d"#;
    let mut command = session.home.program(&["login", "--json", "--label", label])?;
    command.env("BROWSER", format!("{} --new-window %s", recorder.display()));
    let login = LoginProcess::start(command).await?;
    let opened = session.home.wait_for("opened").await?;

    let expected = format!("2\n--new-window\n{}\n", login.url);
    expect_eq("the arguments", &opened.get(..expected.len()), &Some(expected.as_str()))?;
    for kept in ["\nOPENROUTER_", "socket:"] {
        expect_eq(&format!("whether the browser has {kept:?}"), &opened.contains(kept), &false)?;
    }
    session.open_consent_page(&login.url).await?;
    let shown = session.browser.text("dl").await?;
    expect_eq("that the page shows the label", &shown.contains(label), &true)?;
    session.approve().await?;
    session.expect_signed_in(login).await
}
