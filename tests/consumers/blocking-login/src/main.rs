//! A terminal program without async that keeps its user's key: the second start finds it.
//!
//! ```sh
//! cargo run --manifest-path tests/consumers/blocking-login/Cargo.toml
//! ```

#[path = "../../blocking/src/openrouter.rs"]
mod openrouter;

use std::{env, error::Error, fs, path::Path, process};

use openrouter_oauth::blocking::Client;
use openrouter_oauth_login::{FileStore, Login, testing::TestUser};

fn main() -> Result<(), Box<dyn Error>> {
    let openrouter = openrouter::start()?;
    let folder = env::temp_dir().join(format!("openrouter-oauth-blocking-login-{}", process::id()));
    for _start in 0..2 {
        program(&openrouter.url("/api/v1"), &folder.join("keys.json"))?;
    }
    fs::remove_dir_all(folder)?;
    let exchanges = openrouter.requests().iter().filter(|request| request.line.starts_with("POST")).count();
    assert_eq!(exchanges, 1);
    println!("blocking-login: signed in once, and kept the key");
    Ok(())
}

/// The program as its user starts it.
fn program(base_url: &str, file: &Path) -> Result<(), Box<dyn Error>> {
    let client = Client::builder().base_url(base_url).build_blocking()?;
    let login = Login::with_blocking_client(&client).key_label("my-program").store(FileStore::new(file));
    let login = login.headless(true).prompt(TestUser::pastes([openrouter::CODE]));
    let key = login.ensure_blocking()?.into_key();
    let info = client.with_key(key).current_key().send()?;
    assert_eq!(info.label.as_deref(), Some("my-program"));
    Ok(())
}
