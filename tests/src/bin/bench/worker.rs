//! Does the work of one side of a row. Each worker is a process.

use std::{env, fs, process::Command, time::Duration};

use openrouter_oauth_tests::Result;
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
};

use crate::{
    allocations,
    by_hand::ByHand,
    by_sdk::{BySdk, OverReqwest, OverUreq},
    canned,
    planted::{ClonedHeaders, Nothing, OneAllocation},
    row::{Row, Work},
    server::ServerProcess,
    side::{HAND, SDK, SDK_OVER_REQWEST, SDK_OVER_UREQ, SDK_WITH_ALLOCATION, SDK_WITH_HEADERS, Side},
};

/// Which worker to start.
#[derive(Clone, Copy)]
pub(crate) struct Worker {
    /// The name of the side.
    pub(crate) side: &'static str,
    pub(crate) row: &'static Row,
    pub(crate) repetitions: u32,
}

/// The function inside which callgrind counts. Outside of it, the client connects and its tables grow to their size.
pub(crate) const MEASURED: &str = "*worker*measured*";

/// How often the work is done before it is measured.
const WARM_UP: u32 = 3;

impl Worker {
    /// Completes the command that starts this program as the worker.
    pub(crate) fn configure(self, command: &mut Command, server: &ServerProcess) {
        let Self { side, row, repetitions } = self;
        command
            // The same environment on every machine, and no proxy, which the SDK would use.
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .args([
                "work",
                side,
                row.name,
                &repetitions.to_string(),
                &server.base_url(row.is_tls, row.response),
            ])
            .env("SSL_CERT_FILE", server.roots());
    }
}

/// What a worker prints.
pub(crate) struct Usage {
    /// The allocations of the measured work.
    pub(crate) allocations: u64,
    /// The CPU time of the process's main thread, which does all the work.
    pub(crate) cpu_time: Duration,
}

impl Usage {
    pub(crate) fn parse(output: &str) -> Result<Self> {
        let (allocations, cpu_time) = output.trim().split_once(' ').ok_or("the worker printed no usage")?;
        Ok(Self { allocations: allocations.parse()?, cpu_time: Duration::from_nanos(cpu_time.parse()?) })
    }
}

/// Runs as the worker with these arguments, and prints its usage.
pub(crate) fn run(side: &str, row: &str, repetitions: &str, base_url: &str) -> Result<()> {
    let (row, repetitions) = (Row::find(row)?, repetitions.parse()?);
    let allocations = match side {
        HAND => work::<ByHand>(row, repetitions, base_url),
        SDK => work::<BySdk<Nothing>>(row, repetitions, base_url),
        SDK_OVER_REQWEST => {
            let sdk = OverReqwest::client(base_url)?;
            Repeat::new(repetitions)?.run(async || sdk.exchange_auth_code().await)
        }
        SDK_OVER_UREQ => {
            let sdk = OverUreq::client(base_url)?;
            Repeat::new(repetitions)?.run(async || sdk.exchange_auth_code())
        }
        SDK_WITH_ALLOCATION => work::<BySdk<OneAllocation>>(row, repetitions, base_url),
        SDK_WITH_HEADERS => work::<BySdk<ClonedHeaders>>(row, repetitions, base_url),
        _ => Err("unknown side".into()),
    }?;
    // Only Linux has this file. Its first number is the CPU time in nanoseconds.
    let schedule = fs::read_to_string("/proc/self/schedstat")?;
    println!("{allocations} {}", schedule.split(' ').next().unwrap_or_default());
    Ok(())
}

/// Does the work of `row` this many times, on one thread. Returns the number of allocations.
fn work<S: Side>(row: &Row, repetitions: u32, base_url: &str) -> Result<u64> {
    let client = S::client(base_url)?;
    let repeat = Repeat::new(repetitions)?;
    match row.work {
        Work::ExchangeAuthCode => repeat.run(async || S::exchange_auth_code(&client).await),
        Work::ExchangePending => {
            let pending = (0..WARM_UP + repetitions).map(|_| S::pending(&client));
            let mut pending = pending.collect::<Result<Vec<_>>>()?.into_iter();
            repeat.run(async || {
                let pending = pending.next().ok_or("too few sign-ins")?;
                S::exchange(&client, pending).await
            })
        }
        Work::AtOnce(exchanges) => repeat.run(async || exchange_at_once::<S>(&client, exchanges).await),
        Work::ExchangeRejectedCode => repeat.run(async || S::exchange_rejected_code(&client).await),
        Work::Begin => repeat.run(async || S::begin(&client)),
        Work::ReadCallback => {
            let pending = S::pending(&client)?;
            let request_target = format!("{}?{}", canned::CALLBACK_PATH, canned::CALLBACK_QUERY);
            repeat.run(async || S::read_callback(&pending, &request_target))
        }
        Work::PkcePair => repeat.run(async || S::pkce_pair()),
        Work::Process => {
            repeat.runtime.block_on(S::exchange_auth_code(&client))?;
            Ok(allocations::count())
        }
    }
}

async fn exchange_at_once<S: Side>(client: &S::Client, exchanges: u32) -> Result<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..exchanges {
        let client = client.clone();
        tasks.spawn(async move { S::exchange_auth_code(&client).await });
    }
    while let Some(exchanged) = tasks.join_next().await {
        exchanged??;
    }
    Ok(())
}

/// Repeats work on a runtime.
struct Repeat {
    runtime: Runtime,
    repetitions: u32,
}

impl Repeat {
    fn new(repetitions: u32) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, repetitions })
    }

    /// Does some of the work to warm up, and then all of it. Returns the number of allocations of the latter.
    fn run(&self, mut work: impl AsyncFnMut() -> Result<()>) -> Result<u64> {
        self.block_on(WARM_UP, &mut work)?;
        let before = allocations::count();
        self.measured(work)?;
        Ok(allocations::count() - before)
    }

    /// Does the work that callgrind measures.
    #[inline(never)]
    fn measured(&self, work: impl AsyncFnMut() -> Result<()>) -> Result<()> {
        self.block_on(self.repetitions, work)
    }

    fn block_on(&self, repetitions: u32, mut work: impl AsyncFnMut() -> Result<()>) -> Result<()> {
        self.runtime.block_on(async {
            for _ in 0..repetitions {
                work().await?;
            }
            Ok(())
        })
    }
}
