//! A real browser goes through `openrouter-oauth login`, against the emulator and against pages that mean ill.
//!
//! `cargo xtask browser` runs this. Each scene has a Chromium with a new profile, an emulator and a home of its own; it
//! plays once, prints one line, and fails if a page, an exit status or a count of requests is not what it should be. With
//! the name of a folder it also leaves pictures of the pages there.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]
#![expect(clippy::indexing_slicing, reason = "JSON that is not there is null, and the arrays are known")]

mod scenes;
mod session;

mod hostile;
mod login_process;
mod network;
mod webdriver;

use std::{
    env,
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use tokio::time::timeout;

use crate::{scenes::Scene, session::Stage, webdriver::Driver};

type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How long a page, a program or a request may take to come, on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_secs(30);

/// No scene takes so long, on whatever machine.
const LONGEST: Duration = Duration::from_secs(180);

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

/// Plays every scene, also after one that failed, and says how many failed.
async fn run() -> Result<usize> {
    let pictures = env::args_os().nth(1).map(PathBuf::from);
    let begun = Instant::now();
    let driver = Driver::start().await?;
    let mut failed = 0;
    for scene in scenes::ALL {
        let begun = Instant::now();
        let played = play(scene, &driver, pictures.as_deref()).await;
        let took = begun.elapsed().as_secs_f64();
        match played {
            Ok(()) => println!("ok   {took:>5.1} s  {}", scene.name),
            Err(error) => {
                failed += 1;
                println!("FAIL {took:>5.1} s  {}: {error}", scene.name);
            }
        }
    }
    driver.stop().await?;
    let (count, took) = (scenes::ALL.len(), begun.elapsed().as_secs_f64());
    println!("browser: {count} scenes, {failed} failed, {took:.1} s");
    Ok(failed)
}

async fn play(scene: &Scene, driver: &Driver, pictures: Option<&Path>) -> Result {
    let stage = Stage::set(driver, (scene.settings)(), pictures).await?;
    let played = timeout(LONGEST, (scene.play)(&stage)).await;
    let cleared = stage.clear().await;
    played.map_err(|_| "it does not end")??;
    cleared
}
