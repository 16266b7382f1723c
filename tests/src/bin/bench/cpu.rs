//! Compares the CPU time of whole processes that do the same work, without callgrind.
//!
//! The two processes of a pair run one right after the other, so that both meet about the same machine.

use std::{env, process::Command, time::Duration};

use openrouter_oauth_tests::Result;

use crate::{
    measure,
    row::{AT_ONCE, Row},
    server::ServerProcess,
    side::{HAND, SDK},
    worker::{Usage, Worker},
};

/// Odd, so that one pair is in the middle.
pub(crate) const DEFAULT_PAIRS: usize = 21;

/// How many times a process exchanges 64 codes at once: enough that starting it does not matter.
const REPETITIONS: u32 = 300;

/// Measures this many pairs, and prints the median of the ratios.
pub(crate) fn compare(pairs: usize) -> Result<()> {
    if pairs == 0 {
        return Err("at least one pair is needed".into());
    }
    let server = ServerProcess::start()?;
    let row = Row::find(AT_ONCE)?;
    println!("CPU time of {REPETITIONS} times {AT_ONCE}\n\n{:>10} {:>10}  ratio", "by hand", "SDK");
    let mut ratios = Vec::new();
    for pair in 0..pairs {
        let measure = |side| cpu_time(Worker { side, row, repetitions: REPETITIONS }, &server);
        // Alternate the order, so that neither side always follows the other.
        let (hand, sdk) = if pair % 2 == 0 {
            let hand = measure(HAND)?;
            (hand, measure(SDK)?)
        } else {
            let sdk = measure(SDK)?;
            (measure(HAND)?, sdk)
        };
        let ratio = sdk.as_secs_f64() / hand.as_secs_f64();
        println!("{:>7} ms {:>7} ms  {ratio:.3}", hand.as_millis(), sdk.as_millis());
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    let at = |place: usize| ratios.get(place).copied().unwrap_or(f64::NAN);
    println!(
        "\nratio of CPU time: median {:.3}, half of the pairs from {:.3} to {:.3}, all from {:.3} to {:.3}",
        at(pairs / 2),
        at(pairs / 4),
        at(pairs - 1 - pairs / 4),
        at(0),
        at(pairs - 1)
    );
    Ok(())
}

fn cpu_time(worker: Worker, server: &ServerProcess) -> Result<Duration> {
    let mut command = Command::new(env::current_exe()?);
    worker.configure(&mut command, server);
    Ok(Usage::parse(&measure::read(&mut command)?)?.cpu_time)
}
