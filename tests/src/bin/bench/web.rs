//! The web sign-in: what beginning and reading a callback use, and how many sign-ins a core finishes in a second.
//!
//! Nobody does this work by hand, so the limits are absolute.

use std::{fs, hint::black_box, time::Instant};

use http::{
    Request,
    header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE},
    request::Parts,
};
use openrouter_oauth::{Client, transport_hyper::TokioTimer};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, User};
use openrouter_oauth_tests::Result;
use openrouter_oauth_web::{CookieKeys, OneProcessClaims, SignIn};
use tokio::runtime::{Builder, Runtime};

use crate::{allocations, limit::Counts, measure::profile};

/// One line of the report.
struct WebRow {
    name: &'static str,
    most: Counts,
}

/// The numbers of allocations are those that were measured. The instructions are slightly above.
const ROWS: &[WebRow] = &[
    WebRow { name: BEGIN, most: Counts { instructions: 54_000.0, allocations: 27.0 } },
    WebRow { name: CALLBACK, most: Counts { instructions: 34_000.0, allocations: 19.0 } },
];

const BEGIN: &str = "web begin";
/// Without the exchange.
const CALLBACK: &str = "web callback";

const REPETITIONS: u32 = 500;

const APP: &str = "https://my.app";
const SUBJECT: &str = "user-17";

/// How many sign-ins `bench web` finishes.
const SIGN_INS: u32 = 5000;

/// Measures every row, and checks its limits.
pub(crate) fn compare() -> Result<()> {
    println!("{:26}{:>12}{:>14}", "", "instructions", "allocations");
    let mut problems = Vec::new();
    for row in ROWS {
        let (profile, output) = profile(&["--toggle-collect=*web*measured*"], |command| {
            command.args(["web", row.name]);
        })?;
        let found = Counts {
            instructions: (profile.instructions() / f64::from(REPETITIONS)).round(),
            allocations: (output.trim().parse::<f64>()? / f64::from(REPETITIONS)).round(),
        };
        println!("{:26}{:>12}{:>14}", row.name, found.instructions, found.allocations);
        problems.extend(problem(row, found));
    }
    println!();
    if problems.is_empty() { Ok(()) } else { Err(format!("over the limit:\n{}", problems.join("\n")).into()) }
}

fn problem(row: &WebRow, found: Counts) -> Option<String> {
    let WebRow { name, most } = row;
    // Not `>`, because NaN must fail as well.
    let is_within = found.instructions <= most.instructions && found.allocations <= most.allocations;
    (!is_within).then(|| {
        let Counts { instructions, allocations } = found;
        format!(
            "{name}: {instructions} instructions and {allocations} allocations; the limits are {} and {}",
            most.instructions, most.allocations
        )
    })
}

/// Runs as the process that is measured, and prints its allocations.
pub(crate) fn run(row: &str) -> Result<()> {
    let bench = Bench::new()?;
    let callback = bench.runtime.block_on(bench.approved_callback())?;
    if !format!("{:?}", bench.sign_in.callback(&callback)).contains("ending: None") {
        return Err("the callback is rejected".into());
    }
    let work = || match row {
        BEGIN => bench.begin(),
        CALLBACK => {
            bench.read(&callback);
            Ok(())
        }
        _ => Err("no such row".into()),
    };
    work()?;
    let before = allocations::count();
    measured(work)?;
    println!("{}", allocations::count() - before);
    Ok(())
}

/// The function inside which callgrind counts.
#[inline(never)]
fn measured(work: impl Fn() -> Result<()>) -> Result<()> {
    for _ in 0..REPETITIONS {
        work()?;
    }
    Ok(())
}

/// Prints how many sign-ins this process finishes in a second of CPU time. It is one thread: the application, the user,
/// and the emulator in memory.
pub(crate) fn print_rate() -> Result<()> {
    let bench = Bench::new()?;
    let (start, cpu) = (Instant::now(), cpu_seconds()?);
    bench.runtime.block_on(async {
        for _ in 0..SIGN_INS {
            let callback = bench.approved_callback().await?;
            let connected = bench.sign_in.callback(&callback).finish(SUBJECT).await?;
            drop(black_box(connected.done().await));
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    })?;
    let (cpu, elapsed) = (cpu_seconds()? - cpu, start.elapsed().as_secs_f64());
    println!(
        "{SIGN_INS} sign-ins: {:.0} per second and core, with the emulator ({cpu:.2} s of CPU time in {elapsed:.2} s)",
        f64::from(SIGN_INS) / cpu
    );
    Ok(())
}

/// Only Linux has this file. Its first number is the CPU time in nanoseconds.
fn cpu_seconds() -> Result<f64> {
    let schedule = fs::read_to_string("/proc/self/schedstat")?;
    Ok(schedule.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9)
}

/// An application, its user, and OpenRouter.
struct Bench {
    runtime: Runtime,
    sign_in: SignIn,
    user: User,
    begin: Parts,
}

impl Bench {
    fn new() -> Result<Self> {
        let emulator = Emulator::new();
        let client = Client::builder().transport(emulator.clone()).timer(TokioTimer::new()).build()?;
        let keys = CookieKeys::parse(&"00112233445566778899aabbccddeeff".repeat(2))?;
        let claims = OneProcessClaims::new(2 * SIGN_INS as usize);
        let sign_in = SignIn::builder(client, APP, keys, claims).key_label("my app").build()?;
        let begin = Request::post("/openrouter?return_to=%2Fsettings").header(ORIGIN, APP);
        Ok(Self {
            runtime: Builder::new_current_thread().enable_all().build()?,
            sign_in,
            user: User::new(emulator),
            begin: begin.body(())?.into_parts().0,
        })
    }

    fn begin(&self) -> Result<()> {
        let return_to = SignIn::return_to(&self.begin);
        let response = self.sign_in.begin(&self.begin, SUBJECT, return_to.as_deref(), b"");
        if response.headers().contains_key(SET_COOKIE) { Ok(()) } else { Err("nothing began".into()) }
    }

    /// Begins a sign-in, approves it, and returns the request for its callback.
    async fn approved_callback(&self) -> Result<Parts> {
        let response = self.sign_in.begin(&self.begin, SUBJECT, Some("/settings"), b"");
        let header =
            |name| response.headers().get(name).ok_or("nothing began")?.to_str().map_err(|_| "not text");
        let url = header(LOCATION)?;
        let DecisionOutcome::Redirected(callback) = self.user.approve(url, None).await? else {
            return Err("no redirect".into());
        };
        let path = callback.strip_prefix(APP).ok_or("a callback elsewhere")?;
        let cookie = header(SET_COOKIE)?.split(';').next().unwrap_or_default();
        Ok(Request::get(path).header(COOKIE, cookie).body(())?.into_parts().0)
    }

    /// Reads a callback up to the claim: opens its cookie, and checks its query.
    fn read(&self, callback: &Parts) {
        drop(black_box(self.sign_in.callback(callback)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_is_a_problem() {
        let row = WebRow { name: BEGIN, most: Counts { instructions: 100.0, allocations: 5.0 } };
        let check = |instructions, allocations| problem(&row, Counts { instructions, allocations });
        assert_eq!(check(100.0, 5.0), None);
        for (instructions, allocations) in [(101.0, 5.0), (100.0, 6.0), (f64::NAN, 5.0), (100.0, f64::NAN)] {
            assert!(check(instructions, allocations).is_some_and(|problem| problem.starts_with(BEGIN)));
        }
    }
}
