//! How the browser is opened.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::{
    Result,
    login_process::Login,
    session::{Stage, same},
};

/// Writes down what it was started with, and then lets the driver open the URL.
const RECORDER: &str = r#"#!/bin/sh
{ printf '%s\n' "$#" "$@"; env; ls -l /proc/$$/fd; } >"$HOME/opening" 2>&1
mv "$HOME/opening" "$HOME/opened"
"#;

// L-22, L-23
pub(super) async fn by_a_program(stage: &Stage<'_>) -> Result {
    let recorder = stage.home.path().join("recorder");
    fs::write(&recorder, RECORDER)?;
    fs::set_permissions(&recorder, fs::Permissions::from_mode(0o700))?;

    let label = r#"a label; $(touch pwned) `touch pwned` & "b" 'c' %s | d"#;
    let mut command = stage.home.program(&["login", "--json", "--label", label])?;
    command.env("BROWSER", format!("{} --new-window %s", recorder.display()));
    let login = Login::start(command).await?;
    let opened = stage.home.wait_for("opened").await?;

    let expected = format!("2\n--new-window\n{}\n", login.url);
    same("the arguments", &opened.get(..expected.len()), &Some(expected.as_str()))?;
    for kept in ["\nOPENROUTER_", "socket:"] {
        same(&format!("whether the browser has {kept:?}"), &opened.contains(kept), &false)?;
    }
    stage.open(&login.url).await?;
    let shown = stage.browser.text("dl").await?;
    same("that the page shows the label", &shown.contains(label), &true)?;
    stage.approve().await?;
    stage.signs_in(login).await
}
