//! Tests `openrouter-oauth login` in a real browser, against the emulator and against hostile pages.
//!
//! `cargo xtask browser` runs this. Each scene has its own emulator, home folder, and Chromium with a new profile. It
//! runs once, prints one line, and fails if a page, an exit status or a number of requests is wrong. Given the name of
//! a folder, the program also saves screenshots of the pages there.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]
#![expect(clippy::indexing_slicing, reason = "missing JSON is null, and the arrays are known")]

mod scenes;
mod session;

mod hostile;
mod login_process;
mod network;
mod timeouts;
mod webdriver;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use openrouter_oauth_tests::Result;
use tokio::time::timeout;

use crate::{scenes::Scene, session::BrowserSession, timeouts::SCENE_TIMEOUT, webdriver::ChromeDriver};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("browser: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every scene, even after one fails, and returns the number of failures.
async fn run() -> Result<usize> {
    let screenshots = env::args_os().nth(1).map(PathBuf::from);
    let started = Instant::now();
    let driver = ChromeDriver::start().await?;
    let mut failed = 0;
    for scene in scenes::ALL {
        let started = Instant::now();
        let result = run_scene(scene, &driver, screenshots.as_deref()).await;
        let took = started.elapsed().as_secs_f64();
        match result {
            Ok(()) => println!("ok   {took:>5.1} s  {}", scene.name),
            Err(error) => {
                failed += 1;
                println!("FAIL {took:>5.1} s  {}: {error}", scene.name);
            }
        }
    }
    driver.stop().await?;
    let (count, took) = (scenes::ALL.len(), started.elapsed().as_secs_f64());
    println!("browser: {count} scenes, {failed} failed, {took:.1} s");
    Ok(failed)
}

async fn run_scene(scene: &Scene, driver: &ChromeDriver, screenshots: Option<&Path>) -> Result {
    let session = BrowserSession::start(driver, (scene.settings)(), screenshots).await?;
    let result = timeout(SCENE_TIMEOUT, (scene.run)(&session)).await;
    let closed = session.close().await;
    result.map_err(|_| "the scene timed out")??;
    closed
}
