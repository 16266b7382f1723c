//! Tests `openrouter-oauth login` and the web application of `tests/consumers/web` in a real browser, against the emulator
//! and against hostile pages.
//!
//! `cargo xtask browser` runs this. Each scene has a Chromium with a new profile. For a login, it also has its own emulator
//! and home folder; the scenes of the web application share one that runs on loopback and one that runs behind TLS. A
//! scene runs once, prints one line, and fails if a page, an exit status or a number of requests is wrong. Given the name
//! of a folder, the program also saves screenshots of the pages there.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]
#![expect(clippy::indexing_slicing, reason = "missing JSON is null, and the arrays are known")]
#![cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "the scenes of the web application use it, and their servers run on Linux")
)]

mod scenes;
mod session;
#[cfg(target_os = "linux")]
mod web;

mod consent_page;
mod expect;
mod hostile;
mod login_process;
mod looks;

use std::{
    env,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    pin::pin,
    process::ExitCode,
    task::Poll,
    time::{Duration, Instant},
};

use openrouter_oauth_tests::{Result, webdriver::ChromeDriver};
use tokio::time::timeout;

use crate::{looks::Screenshots, scenes::Scene, session::BrowserSession};

/// How long a scene may take on a busy machine.
const SCENE_TIMEOUT: Duration = Duration::from_secs(180);

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
    let folder = env::args_os().nth(1).map(PathBuf::from);
    let screenshots = Screenshots { folder: folder.as_deref() };
    let started = Instant::now();
    let driver = ChromeDriver::start().await?;
    let mut report = Report { driver: &driver, count: 0, failed: 0 };
    for scene in scenes::ALL {
        report.run(scene.name, run_scene(scene, &driver, screenshots)).await;
    }
    #[cfg(target_os = "linux")]
    for front_end in [web::FrontEnd::None, web::FrontEnd::Tls] {
        run_web(&mut report, front_end, screenshots).await;
    }
    let Report { count, failed, .. } = report;
    println!("browser: {count} scenes, {failed} failed, {:.1} s", started.elapsed().as_secs_f64());
    driver.stop().await?;
    Ok(failed)
}

async fn run_scene(scene: &Scene, driver: &ChromeDriver, screenshots: Screenshots<'_>) -> Result {
    let session = BrowserSession::start(driver, (scene.settings)(), screenshots).await?;
    let result = (scene.run)(&session).await;
    let closed = session.close().await;
    result.and(closed)
}

/// Starts the web application, and runs its scenes. Without its servers, which was reported, it runs none.
#[cfg(target_os = "linux")]
async fn run_web(report: &mut Report<'_>, front_end: web::FrontEnd, screenshots: Screenshots<'_>) {
    let mut started = None;
    let start = async {
        started = web::Deployment::start(front_end).await?;
        Ok(())
    };
    report.run(&format!("{front_end}: the application starts"), start).await;
    let Some(deployment) = started else { return };
    for scene in web::ALL.iter().filter(|scene| scene.is_for(front_end)) {
        let name = format!("{front_end}: {}", scene.name);
        if !report.run(&name, scene.run(report.driver, &deployment, screenshots)).await {
            println!("{}", deployment.last_lines());
        }
    }
}

/// The results of the scenes.
struct Report<'a> {
    driver: &'a ChromeDriver,
    count: usize,
    failed: usize,
}

impl Report<'_> {
    /// Runs a scene, prints its result, and returns whether it passed. Closes the browsers that the scene left.
    async fn run(&mut self, name: &str, scene: impl Future<Output = Result>) -> bool {
        let started = Instant::now();
        let result = timeout(SCENE_TIMEOUT, caught(scene)).await;
        let result = result.unwrap_or_else(|_| Err("the scene timed out".into()));
        let result = result.and(self.driver.close_browsers().await);
        let took = started.elapsed().as_secs_f64();
        self.count += 1;
        match &result {
            Ok(()) => println!("ok   {took:>5.1} s  {name}"),
            Err(error) => {
                self.failed += 1;
                println!("FAIL {took:>5.1} s  {name}: {error}");
            }
        }
        result.is_ok()
    }
}

/// Turns a panic of the scene, whose message is printed, into an error.
async fn caught(scene: impl Future<Output = Result>) -> Result {
    let mut scene = pin!(scene);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| scene.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Err("the scene panicked".into())))
    })
    .await
}
