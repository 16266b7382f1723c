//! A terminal program that is started three times, and signs its user in once.
//!
//! Without arguments, this program plays OpenRouter, and starts itself three times with a base URL and a key file.

use std::{
    env,
    error::Error,
    path::Path,
    process::{Command, ExitStatus},
};

use openrouter_oauth::{Client, transport_hyper::HyperTransport};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, User};
use openrouter_oauth_login::{Ensured, FileStore, Login, PromptError, testing::TestUser};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [base_url, file] => program(base_url, file).await,
        _ => start_three_times().await,
    }
}

/// The program as its user runs it.
async fn program(base_url: &str, file: &str) -> Result<(), Box<dyn Error>> {
    let client = Client::builder().base_url(base_url).build()?;
    let login = Login::new(&client).key_label("login").store(FileStore::new(file));
    let ensured = login.headless(true).prompt(pasting_user()).ensure().await?;
    let how = match &ensured {
        Ensured::Accepted { .. } => "found the stored key",
        Ensured::SignedIn(new) if new.not_stored.is_none() => "signed in",
        _ => return Err(format!("{ensured:?}").into()),
    };
    let info = client.with_key(ensured.into_key()).current_key().await?;
    assert_eq!(info.label.as_deref(), Some("login"));
    println!("login: {how}");
    Ok(())
}

async fn start_three_times() -> Result<(), Box<dyn Error>> {
    let openrouter = Emulator::new();
    let server = openrouter.serve(0).await?;
    let folder = env::temp_dir().join(format!("openrouter-oauth-consumer-{}", std::process::id()));
    for start in 1..=3 {
        let status = start_program(&server.base_url(), &folder.join("keys.json")).await?;
        assert!(status.success(), "start {start}: {status}");
    }
    std::fs::remove_dir_all(folder)?;
    assert_eq!(openrouter.posts("/auth/keys"), 1);
    Ok(())
}

async fn start_program(base_url: &str, file: &Path) -> Result<ExitStatus, Box<dyn Error>> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(base_url).arg(file);
    // On a thread that may block, because this process serves the emulator.
    Ok(tokio::task::spawn_blocking(move || command.status()).await??)
}

/// A user who approves on the page and pastes the code.
fn pasting_user() -> TestUser {
    TestUser::pastes_with(|url| async move {
        match User::new(HyperTransport::new()).approve(&url, None).await {
            Ok(DecisionOutcome::Code(code)) => Ok(code),
            _ => Err(PromptError::Unavailable),
        }
    })
}
