//! Prints the measurements, and the functions that use the most instructions.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

use crate::{measure::Measurement, profile::Profile};

/// How many rows each of the two lists has.
const ROWS: usize = 12;

/// Prints everything, the ratios last. Returns the ratio of instructions.
pub(crate) fn print(hand: &Measurement, sdk: &Measurement) -> f64 {
    println!("{:>9} {:>9}  per exchange", "by hand", "SDK");
    let instructions = print_count("instructions", hand, sdk, Profile::instructions);
    let allocations = print_count("allocations", hand, sdk, |profile| profile.allocations);
    print_crates(hand, sdk);
    print_functions(sdk);
    println!("ratio instructions {instructions:.2} allocations {allocations:.2}");
    instructions
}

/// Prints one count of both clients, and returns the ratio.
fn print_count(what: &str, hand: &Measurement, sdk: &Measurement, count: fn(&Profile) -> f64) -> f64 {
    let (hand, sdk) = (hand.per_exchange(count), sdk.per_exchange(count));
    println!("{hand:>9.0} {sdk:>9.0}  {what}");
    sdk / hand
}

fn print_crates(hand: &Measurement, sdk: &Measurement) {
    println!("\n{:>9} {:>9}  instructions by crate, without its calls", "by hand", "SDK");
    let hand = by_crate(hand);
    for (name, sdk) in largest(by_crate(sdk)) {
        println!("{:>9.0} {sdk:>9.0}  {name}", cost_of(&hand, name));
    }
}

fn by_crate(measured: &Measurement) -> HashMap<&str, f64> {
    let mut crates = HashMap::new();
    for function in measured.functions() {
        *crates.entry(crate_of(function)).or_default() +=
            measured.per_exchange(|profile| cost_of(&profile.own, function));
    }
    crates
}

fn print_functions(sdk: &Measurement) {
    println!("\n{:>9} {:>9}  instructions by our functions, with their calls", "", "SDK");
    let ours = sdk.functions().filter(|function| crate_of(function).starts_with("openrouter_oauth"));
    let costs = ours.map(|function| {
        let cost = sdk.per_exchange(|profile| cost_of(&profile.inclusive, function));
        (function, cost)
    });
    for (function, cost) in largest(costs) {
        println!("{:>9} {cost:>9.0}  {function:.150}", "");
    }
    println!();
}

fn cost_of<S: Borrow<str> + Eq + Hash>(costs: &HashMap<S, f64>, name: &str) -> f64 {
    costs.get(name).copied().unwrap_or_default()
}

/// Returns the largest costs, largest first.
fn largest<'a>(costs: impl IntoIterator<Item = (&'a str, f64)>) -> impl Iterator<Item = (&'a str, f64)> {
    let mut costs: Vec<_> = costs.into_iter().collect();
    costs.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    costs.into_iter().take(ROWS)
}

/// Returns the crate that defines a function: `tokio` for `<&mut tokio::net::TcpStream as …>::poll_read`.
fn crate_of(function: &str) -> &str {
    let function = function.strip_prefix("core::ptr::drop_in_place<").unwrap_or(function);
    let path = function.trim_start_matches(['<', '(', '[', '&', '*']);
    let path = ["mut ", "const ", "dyn "]
        .iter()
        .fold(path, |path, keyword| path.strip_prefix(keyword).unwrap_or(path));
    match path.split_once("::") {
        None => "the C library",
        Some(("core" | "alloc" | "std" | "__rustc" | "hashbrown", _)) => "the standard library",
        Some((name, _)) => name,
    }
}
