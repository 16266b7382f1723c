//! Tests the built command `openrouter-oauth emulator` with OpenRouter's official SDKs and other clients: they must
//! understand its responses. Tests the models, too: they must have every field that the SDKs have.
//!
//! `cargo xtask conformance` runs this. It installs both SDKs at pinned versions, runs the same cases with each, prints
//! one line per case, and fails if a result is not the expected one. Then it runs the emulator's examples, sends
//! requests written from the Go SDK's source, and signs in from a web page in Chromium.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]
#![expect(clippy::indexing_slicing, reason = "missing JSON is null")]

mod access_token;
mod case;
mod cases;
mod driver;
mod emulator;
mod examples;
mod fields;
mod go_sdk;
mod install;
mod pattern;
mod play;
mod responses;
mod web_page;

use std::{fmt::Display, process::ExitCode};

use openrouter_oauth_tests::{Result, webdriver::ChromeDriver};

use crate::{
    driver::{Driver, Sdk},
    install::Installed,
};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("conformance: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every check, even after one fails, and returns the number of failures.
async fn run() -> Result<usize> {
    let installed = install::install()?;
    let mut report = Report::default();
    run_sdks(&installed, &mut report).await?;
    run_programs(&installed, &mut report).await;
    run_go(&mut report).await;
    run_web_pages(&installed, &mut report).await?;
    println!("conformance: {} cases, {} failed", report.run, report.failed);
    Ok(report.failed)
}

async fn run_sdks(installed: &Installed, report: &mut Report) -> Result {
    let responses = responses::collect().await?;
    for sdk in Sdk::ALL {
        let mut driver = Driver::start(sdk, installed)?;
        let samples = fields::samples(&mut driver).await?;
        report.add(&sdk, "the models have its fields", fields::check_models(&samples));
        report.add(&sdk, "the responses have its fields", fields::check_responses(&samples, &responses));
        for case in cases::all() {
            match case.unsupported.filter(|(language, _)| *language == sdk.language()) {
                Some((_, reason)) => Report::leave_out(&sdk, case.name, reason),
                None => report.add(&sdk, case.name, play::play(&case, &mut driver).await),
            }
        }
    }
    Ok(())
}

async fn run_programs(installed: &Installed, report: &mut Report) {
    report.add(&"oauth4webapi", "an access token is valid", access_token::check(installed).await);
    report.add(&"python", "the example signs in", examples::run_python(installed).await);
    report.add(&"python", "the program in the README signs in", examples::run_readme(installed).await);
    report.add(
        &"python",
        "the program in the README starts the emulator",
        examples::start_from_readme(installed).await,
    );
    report.add(
        &"typescript",
        "the example signs in, bundled as JavaScript",
        examples::run_typescript(installed).await,
    );
}

async fn run_go(report: &mut Report) {
    report.add(&"go", "requests written from the Go SDK's source lead to a key", go_sdk::sign_in().await);
    report.add(
        &"go",
        "statuses map to the Go SDK's error types, according to its source",
        go_sdk::read_errors().await,
    );
    if go_sdk::is_go_installed().await {
        report.add(&"go", "the example signs in", examples::run_go().await);
        report.add(&"go", "net/http sends the requests written from the source", go_sdk::compare().await);
    } else {
        Report::leave_out(&"go", "the example, and the requests of net/http", "Go is not installed");
    }
}

async fn run_web_pages(installed: &Installed, report: &mut Report) -> Result {
    let chromedriver = ChromeDriver::start().await?;
    for (script, name) in web_page::SCRIPTS {
        report.add(&"browser", name, web_page::sign_in(&chromedriver, script, installed).await);
    }
    chromedriver.stop().await
}

/// Prints one line per check, and counts.
#[derive(Default)]
struct Report {
    run: usize,
    failed: usize,
}

impl Report {
    fn add(&mut self, client: &dyn Display, name: &str, result: Result) {
        self.run += 1;
        match result {
            Ok(()) => println!("ok   {client:12} {name}"),
            Err(why) => {
                self.failed += 1;
                println!("FAIL {client:12} {name}: {:.500}", why.to_string());
            }
        }
    }

    fn leave_out(client: &dyn Display, name: &str, reason: &str) {
        println!("n/a  {client:12} {name}: {reason}");
    }
}
